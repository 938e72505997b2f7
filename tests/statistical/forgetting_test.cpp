// What the papers of the continual methods say of a plain sequence of tasks, qualitatively: each
// forgets less than plain fine-tuning. The tasks are those of continually_confounded, whose cues
// make fine-tuning forget; paired over seeds, by a sign-flip test with Holm's correction.
#include <fmt/format.h>

#include <map>

#include "catch.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/analysis/streams.hpp"
#include "spurion/run.hpp"

using namespace spurion;

namespace {

/// Forgetting by seed.
std::map<std::int64_t, double> forgetting(const std::string& method) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite = Suite::parse(fmt::format(R"(
name = "s"
seeds = 12
[[experiment]]
name = "e"
environment = {{ name = "continually_confounded", variant = "strict", tasks = 4 }}
model = {{ name = "mlp", width = 16, depth = 1 }}
method = {{ {} }}
regime = {{ name = "continual", trajectory = "replacement", phase_count = 3, pretrain_fraction = 0.25 }}
optimizer = {{ name = "sgd", learning_rate = 0.05 }}
training = {{ steps = 1200, rows = 1000, batch = 16 }}
evaluation = {{ rows = 1000, training_rows = 0 }}
)",
                                               method),
                                   "s.toml");
  std::map<std::int64_t, double> by_seed;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      by_seed[result.spec.seed] = analysis::stream_numbers(result)->forgetting();
    }
  }
  return by_seed;
}

}  // namespace

TEST_CASE("methods against forgetting forget less than plain fine-tuning") {
  const std::vector<std::string> methods = {R"(name = "ewc", strength = 30.0)",
                                            R"(name = "si", strength = 0.5)", R"(name = "a_gem")",
                                            R"(name = "experience_replay")", R"(name = "der_pp")"};
  const auto plain = forgetting(R"(name = "erm")");
  std::vector<double> all;
  for (const auto& [seed, value] : plain) all.push_back(value);
  CAPTURE(analysis::mean(all));
  REQUIRE(analysis::mean(all) > 0.05);
  std::vector<double> p_values;
  for (const std::string& method : methods) {
    std::vector<double> saved;
    for (const auto& [seed, value] : forgetting(method)) saved.push_back(plain.at(seed) - value);
    CAPTURE(method, analysis::mean(saved));
    CHECK(analysis::mean(saved) > 0.0);
    p_values.push_back(analysis::sign_flip_p(saved, method));
  }
  for (const double p : analysis::holm(p_values)) CHECK(p < 0.05);
}
