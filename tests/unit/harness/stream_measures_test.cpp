// What is measured along a stream, of predictors made by hand: no training, so that every number is
// known.
#include <ATen/ATen.h>

#include <optional>

#include "catch.hpp"
#include "core/drifted_environment.hpp"
#include "harness/evaluator.hpp"
#include "unit/environments/synthetic_worlds.hpp"

using namespace spurion;
using namespace spurion::tests;

namespace {

/// A linear predictor on a stream; what is measured before the stream and after each of its phases.
class MeasuredStream {
 public:
  MeasuredStream(const std::string& name, Value::Table options, Value::Table regime)
      : world_(
            std::make_shared<DriftedEnvironment>(synthetic_world(name, std::move(options), 5), 5)) {
    Problems problems;
    const auto& entry = catalog_.regimes.at("continual");
    schedule_ = entry.make({entry.schema.normalise(Value(std::move(regime)), "r", problems)})
                    ->schedule(*world_);
    const auto& linear = catalog_.models.at("linear");
    const EnvironmentInfo& info = world_->info();
    model_ = linear.make({linear.schema.normalise(Value(Value::Table{}), "linear", problems)},
                         ModelContext{info.input_shape, info.outputs});
    problems.raise();
  }

  [[nodiscard]] const Environment& world() const { return *world_; }
  [[nodiscard]] const std::vector<Phase>& schedule() const { return schedule_; }

  /// Of the predictor with these weights of inputs, after every phase.
  [[nodiscard]] TrialResult measured(const std::vector<std::pair<std::int64_t, double>>& weights) {
    Tensor parameters = at::zeros({1, model_->parameter_count()});
    for (const auto& [input, weight] : weights) parameters[0][input] = weight;
    RegimeContext context;
    context.environments = {world_};
    context.order_keys = {StreamKey(1)};
    PackEvaluator::Options options;
    options.evaluation = {kRows, 0, 0};
    Trainee trainee(*model_, parameters, OptimizerOptions());
    PackEvaluator evaluator(catalog_, context, schedule_, options);
    evaluator.record_ceilings();
    for (std::size_t phase = 0; phase < schedule_.size(); ++phase) {
      evaluator.measure(trainee, static_cast<std::int64_t>(phase), Detail::full);
    }
    TrialResult result;
    result.measurements = evaluator.measurements(0);
    return result;
  }

  static constexpr std::int64_t kRows = 500;

 private:
  Catalog catalog_ = builtin_catalog();
  std::shared_ptr<const Environment> world_;
  std::vector<Phase> schedule_;
  std::unique_ptr<Model> model_;
};

/// A number of a trial; nothing where it was not measured.
std::optional<double> found(const TrialResult& trial, std::int64_t phase, const std::string& domain,
                            const std::string& metric) {
  for (const Measurement& row : trial.measurements) {
    if (row.phase == phase && row.domain == domain && row.metric == metric) return row.value;
  }
  return std::nullopt;
}

constexpr std::int64_t kCore = 5;  // coordinates before the cues

}  // namespace

TEST_CASE("a trap randomises the cues that speak in its phase, and no other") {
  MeasuredStream stream("continually_confounded", {{"tasks", 4}},
                        {{"trajectory", "accumulation"},
                         {"phase_count", 2},
                         {"reserved_cues", 1},
                         {"finale", Value::List{"no_cue"}}});
  // It reads the core and, louder, cue 3, which is absent throughout: nothing is owed to cues.
  const TrialResult absent = stream.measured({{0, 1.0}, {kCore + 3, 100.0}});
  // It reads the core and, louder, cue 1, which speaks in phases 1 and 2.
  const TrialResult follows = stream.measured({{0, 1.0}, {kCore + 1, 100.0}});
  for (std::int64_t phase = 0; phase < 4; ++phase) {
    CAPTURE(phase);
    const std::string domain = "phase_" + std::to_string(phase);
    CHECK(found(absent, phase, domain, "trap") == 0.0);
    const bool speaks = phase == 1 || phase == 2;
    const double trap = found(follows, phase, domain, "trap").value();
    CHECK((speaks ? trap > 0.4 : trap == 0.0));
    CHECK(found(follows, phase, domain, "randomised_accuracy").value() ==
          Approx(found(follows, phase, domain, "accuracy").value() - trap));
  }
}
