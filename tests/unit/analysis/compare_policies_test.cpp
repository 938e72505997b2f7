// The question kind 'compare_policies': policies beside what is known of the environment.
#include <algorithm>
#include <optional>
#include <string>

#include "analysis/questions/compare_policies/policy_lines.hpp"
#include "spurion/analysis/glossary.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr const char* kAskActing = "kind = \"compare_policies\"\n";

/// What a policy did: where its return lies between the optimum (100) and the cue (0), and how
/// often its actions change with the cue.
struct PlantedPolicy {
  std::string method;
  std::string regime;
  double index;
  double flips;
};

void add_policy(PlantedTrials& trials, const PlantedPolicy& policy, std::int64_t seed) {
  TrialResult& trial = trials.add(policy.method, seed, 0.9, 0.5, policy.regime);
  // Policies vary each in its own way, or all differences between them would be the same.
  const auto own = static_cast<std::int64_t>(policy.method.size() + policy.regime.size());
  const double index = policy.index + seed_noise(seed + own);
  const auto put = [&](const char* domain, const char* metric, double value, std::int64_t step) {
    trial.measurements.push_back({0, step, domain, 0.0, metric, value});
  };
  put("train_0", "return_optimal", 100.0, 0);
  put("train_0", "return_cue", 0.0, 0);
  put("train_0", "return_random", -10.0, 0);
  put("in_distribution", "return", 100.0 * (1.0 - index), 9);
  put("in_distribution", "return_confusion", index, 9);
  put("in_distribution", "action_flip_rate", policy.flips + seed_noise(seed, 0.002), 9);
  put("in_distribution", "goal_rate", 0.5, 9);
  if (policy.regime == "offline") return;
  put("acting", "environment_steps", 1000.0, 9);
  put("acting", "expert_queries", 40.0, 9);
}

PlantedTrials policies() {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 8; ++seed) {
    add_policy(trials, {"erm", "offline", 0.9, 0.4}, seed);
    add_policy(trials, {"dropout", "offline", 0.9, 0.005}, seed);
    add_policy(trials, {"erm", "dagger", 0.02, 0.3}, seed);
    add_policy(trials, {"ppo", "policy_gradient", 0.4, 0.3}, seed);
    add_policy(trials, {"either", "dagger", seed % 2 == 0 ? 0.0 : 1.0, 0.3}, seed);
  }
  return trials;
}

}  // namespace

TEST_CASE("a policy is confused where its return and its actions follow the cue") {
  const analysis::Answer answer = policies().ask(kAskActing);
  const analysis::Table& table = answer.tables.front();
  const auto cell = [&](const char* name, const char* column) {
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      const std::string policy = analysis::text_of(table.cell(row, "policy"));
      if (policy.find(name) != std::string::npos) {
        return analysis::text_of(table.cell(row, column));
      }
    }
    return std::string("no such row");
  };
  CHECK(cell("offline, erm", "policy verdict") == "follows the cue");
  CHECK(cell("dropout", "policy verdict") == "fails without the cue");
  CHECK(cell("dagger, erm", "policy verdict") == "as good as the best");
  CHECK(cell("ppo", "policy verdict") == "below the best");
  CHECK(cell("either", "policy verdict") == "return not shown");
  CHECK(cell("offline, erm", "against the baseline") == "baseline");
  CHECK(cell("dagger, erm", "against the baseline") == "better than the baseline");
  CHECK(cell("dropout", "against the baseline") == "no difference shown");
  CHECK_THAT(cell("either", "confused seeds"), Contains("0.5"));
  CHECK(cell("dagger, erm", "best return") == "100.00");
  CHECK_THAT(answer.sentence,
             Contains("The baseline is confused") &&
                 Contains("Of 4 other policies, 1 is as good as the best policy") &&
                 Contains("asked the expert 40 times"));
  for (const analysis::Table& one : answer.tables) {
    for (const analysis::Column& column : one.columns) {
      CAPTURE(column.title);
      CHECK(analysis::term_of(column) != nullptr);
    }
  }
  CHECK(answer.charts.size() == 2);
}

TEST_CASE(
    "a policy that is bad in training did not learn its task, and one that is not may be lost") {
  // In the test domain: the optimum returns 100, the policy of the cue 0. In training the optimum
  // returns 100, random actions 0.
  struct Planted {
    const char* method;
    double index;     // in the test domain
    double training;  // return in the train domains
    const char* verdict;
  };
  const Planted planted[] = {
      {"lost", 1.3, 90.0, "worse than the cue"},
      {"lost_between", 1.3, 50.0, "worse than the cue"},
      {"lost_and_idle", 1.3, 20.0, "did not learn its task"},
      {"idle", 0.9, 20.0, "did not learn its task"},
      {"idle_but_good", 0.02, 20.0, "as good as the best"},
      {"confused", 0.9, 90.0, "follows the cue"},
      {"between", 0.9, 50.0, "follows the cue"},
  };
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 8; ++seed) {
    for (const Planted& one : planted) {
      const auto own = static_cast<std::int64_t>(std::string(one.method).size());
      TrialResult& trial = trials.add(one.method, seed, 0.9, 0.5, "policy_gradient");
      const auto put = [&](const char* domain, const char* metric, double value) {
        trial.measurements.push_back({0, 9, domain, 0.0, metric, value});
      };
      trial.measurements.push_back({0, 0, "train_0", 0.0, "return_optimal", 100.0});
      trial.measurements.push_back({0, 0, "train_0", 0.0, "return_random", 0.0});
      trial.measurements.push_back({0, 0, "test", 0.0, "return_optimal", 100.0});
      trial.measurements.push_back({0, 0, "test", 0.0, "return_cue", 0.0});
      put("in_distribution", "return", one.training + 100.0 * seed_noise(seed + own));
      put("test", "return", 100.0 * (1.0 - one.index - seed_noise(seed + own)));
      put("test", "action_flip_rate", 0.4 + seed_noise(seed, 0.002));
    }
  }
  const analysis::Answer answer =
      trials.ask("kind = \"compare_policies\"\ndomain = \"test\"\nbaseline_method = \"lost\"\n");
  const analysis::Table& table = answer.tables.front();
  for (const Planted& one : planted) {
    CAPTURE(one.method);
    bool found = false;
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      const std::string policy = analysis::text_of(table.cell(row, "policy"));
      if (policy.substr(policy.rfind(' ') + 1) != one.method) continue;
      found = true;
      CHECK(analysis::text_of(table.cell(row, "policy verdict")) == one.verdict);
    }
    CHECK(found);
  }
  CHECK_THAT(answer.sentence, Contains("did not learn its task"));
}

TEST_CASE("no return lies above an optimum that is known exactly") {
  // Returns of 98, 99.6 and 99.1; the optimum is 100. `error`: what is stored about it, if
  // anything.
  const auto cell = [](std::optional<double> error, const char* column) {
    PlantedTrials trials;
    for (std::int64_t seed = 0; seed < 3; ++seed) {
      TrialResult& trial = trials.add("erm", seed, 0.9, 0.5);
      const auto put = [&](const char* domain, const char* metric, double value) {
        trial.measurements.push_back({0, 0, domain, 0.0, metric, value});
      };
      for (const char* domain : {"train_0", "train_1"}) {
        put(domain, "return_optimal", 100.0);
        put(domain, "return_cue", 0.0);
        if (error && (*error >= 0.0 || domain == std::string("train_0"))) {
          put(domain, "return_optimal_error", std::max(0.0, *error));
        }
      }
      put("in_distribution", "return", 99.0 + seed_noise(seed, 1.0));
    }
    return planted_cell(trials.ask(kAskActing).tables.front(), "erm", column);
  };
  CHECK_THAT(cell(0.0, "return"), Contains(", 100.00]"));
  CHECK_THAT(cell(0.0, "return confusion"), Contains("[0.000, "));
  // A simulated optimum, one that may be off, and one that is known in one train domain only.
  const std::optional<double> unsure[] = {std::nullopt, 0.5, -1.0};
  for (const std::optional<double>& error : unsure) {
    CHECK_THAT(cell(error, "return"), Contains(", 100.9"));
    CHECK_THAT(cell(error, "return confusion"), Contains("[-0.009, "));
  }
}

TEST_CASE("the share of confused seeds has a Wilson interval") {
  // Wilson's interval of 8 of 10, from its formula in another program: [0.4902, 0.9433].
  const analysis::Estimate share = analysis::questions::ConfusedSeeds{8, 10}.share();
  CHECK(share.value == Approx(0.8));
  CHECK(share.low == Approx(0.49016).epsilon(1e-4));
  CHECK(share.high == Approx(0.94331).epsilon(1e-4));
  const analysis::Estimate none = analysis::questions::ConfusedSeeds{0, 10}.share();
  CHECK(none.low == 0.0);
  CHECK(none.high == Approx(0.27753).epsilon(1e-4));
}

TEST_CASE("trials that do not act have no return to ask about") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 3; ++seed) trials.add("erm", seed, 0.74, 0.4);
  const analysis::Answer answer = trials.ask(kAskActing);
  CHECK(answer.tables.empty());
  CHECK_THAT(answer.sentence, Contains("only environments that answer to actions give one"));
}
