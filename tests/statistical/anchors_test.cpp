// Policies that are held to a confused one (Korbak et al. 2022): fine-tuning finds the posterior
// pi_0 exp(r / beta) / Z, and where rewards tell nothing, the confusion stays.
#include <map>
#include <string>
#include <utility>

#include "catch.hpp"
#include "spurion/run.hpp"

using namespace spurion;

namespace {

/// The mean over seeds of the numbers in the train domain, by the noise of observations and beta.
using AnchorMeans = std::map<std::pair<double, double>, std::map<std::string, double>>;

/// Clones of an expert of three doors, fine-tuned on the reward of the next action.
AnchorMeans fine_tuned() {
  constexpr double kSeeds = 3.0;
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite = Suite::parse(R"(
name = "anchors"
seeds = 3
[[experiment]]
name = "e"
environment = { name = "confounded_bandit", doors = 3, horizon = 8 }
model = { name = "mlp", width = 32, depth = 1 }
method = { name = "ppo", entropy_bonus = 0.0 }
regime = { name = "offline_then_online", rollout_steps = 8, discount = 1e-6, lambda = 0.0 }
optimizer = { name = "adam", learning_rate = 0.01 }
training = { steps = 1600, rows = 2000, batch = 64 }
evaluation = { rows = 100, training_rows = 0 }
[experiment.grid]
"environment.eps_obs" = [0.2, 0.5]
"method.kl_anchor" = [0.02, 0.2]
)",
                                   "s.toml");
  AnchorMeans means;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      const double noise = result.spec.environment.options.find("eps_obs")->as_number();
      const double beta = result.spec.method.options.find("kl_anchor")->as_number();
      for (const Measurement& row : result.measurements) {
        if (row.domain == "train_0") means[{noise, beta}][row.metric] += row.value / kSeeds;
      }
    }
  }
  return means;
}

}  // namespace

TEST_CASE("an anchored policy nears pi_0 exp(r / beta), and stays confused where r tells nothing") {
  const AnchorMeans means = fine_tuned();
  REQUIRE(means.size() == 4);
  for (const auto& [setting, numbers] : means) {
    CAPTURE(setting.first, setting.second, numbers.at("optimum_divergence"),
            numbers.at("prior_optimum_divergence"), numbers.at("prior_divergence"),
            numbers.at("policy_entropy"), numbers.at("optimum_entropy"),
            numbers.at("conditional_kl"), numbers.at("interventional_kl"));
    CHECK(numbers.at("optimum_divergence") < 0.05);
    CHECK(numbers.at("policy_entropy") == Approx(numbers.at("optimum_entropy")).margin(0.1));
  }
  // Observations tell the good door, and so what will be rewarded: a weak anchor lets go.
  const auto& informed = means.at({0.2, 0.02});
  CHECK(informed.at("prior_optimum_divergence") > 0.3);
  CHECK(informed.at("prior_divergence") > means.at({0.2, 0.2}).at("prior_divergence"));
  // Observations that tell nothing: every door has the same expected reward, and the belief in own
  // actions stays what it was.
  for (const double beta : {0.02, 0.2}) {
    const auto& blind = means.at({0.5, beta});
    CAPTURE(beta);
    CHECK(blind.at("prior_optimum_divergence") < 1e-9);
    CHECK(blind.at("conditional_kl") < 0.1);
    CHECK(blind.at("interventional_kl") > 3.0 * blind.at("conditional_kl"));
  }
}
