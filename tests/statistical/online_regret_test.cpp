// Online gradient descent on a stationary convex stream, with the rate of Zinkevich 2003 for a
// known horizon, eta = eta_0 / sqrt(T): regret against the best predictor grows like sqrt(T). The
// exponent is the slope of log regret against log T, with a bootstrap interval over seeds.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "catch.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/analysis/streams.hpp"
#include "spurion/run.hpp"

using namespace spurion;

namespace {

/// Regret summed over a stream of `steps` batches, by seed. The world is a linear regression whose
/// Bayes predictor is linear, so the ceiling is the comparator's loss.
std::map<std::int64_t, double> regrets(std::int64_t steps, double rate) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite = Suite::parse(fmt::format(R"(
name = "s"
seeds = 12
[[experiment]]
name = "e"
environment = {{ name = "chain_sem" }}
model = {{ name = "linear" }}
method = {{ name = "erm" }}
regime = {{ name = "online", trajectory = "fixed", phase_count = 1, pretrain_fraction = 0.0, windows = 10 }}
optimizer = {{ name = "sgd", learning_rate = {} }}
training = {{ steps = {}, rows = 8, batch = 1 }}
evaluation = {{ rows = 50, training_rows = 0 }}
)",
                                               rate / std::sqrt(static_cast<double>(steps)), steps),
                                   "s.toml");
  std::map<std::int64_t, double> by_seed;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      by_seed[result.spec.seed] = analysis::stream_numbers(result)->dynamic_regret();
    }
  }
  return by_seed;
}

}  // namespace

TEST_CASE("regret of online gradient descent grows like the square root of the horizon") {
  std::map<std::int64_t, std::vector<double>> logs;  // seed -> log regret at each horizon
  std::vector<double> horizons;
  for (const std::int64_t steps : {4000, 8000, 16000, 32000, 64000}) {
    horizons.push_back(std::log(static_cast<double>(steps)));
    for (const auto& [seed, regret] : regrets(steps, 1.0)) {
      REQUIRE(regret > 0.0);
      logs[seed].push_back(std::log(regret));
    }
  }
  const double centre = analysis::mean(horizons);
  double spread = 0.0;
  for (const double x : horizons) spread += (x - centre) * (x - centre);
  analysis::BySeed slopes;
  for (const auto& [seed, values] : logs) {
    const double middle = analysis::mean(values);
    double slope = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      slope += (horizons[i] - centre) * (values[i] - middle) / spread;
    }
    slopes[seed] = slope;
  }
  const auto exponent = analysis::bootstrap_over_seeds({slopes}, "exponent");
  CAPTURE(exponent.value, exponent.low, exponent.high);
  CHECK(exponent.low < 0.5);
  CHECK(exponent.high > 0.5);
  CHECK(exponent.high - exponent.low < 0.15);
}
