// What is measured along a stream, of predictors made by hand: no training, so that every number is
// known.
#include <ATen/ATen.h>

#include <cmath>
#include <optional>

#include "catch.hpp"
#include "harness/measure/evaluator.hpp"
#include "nouns/control_shift_environment.hpp"
#include "spurion/analysis/streams.hpp"
#include "unit/environments/synthetic_worlds.hpp"

using namespace spurion;
using namespace spurion::tests;

namespace {

/// A linear predictor on a stream; what is measured before the stream and after each of its phases.
class MeasuredStream {
 public:
  MeasuredStream(const std::string& name, Value::Table options, Value::Table regime)
      : world_(std::make_shared<nouns::ControlShiftEnvironment>(
            synthetic_world(name, std::move(options), 5), 5)) {
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
    context.order_keys = {RandomKey(1)};
    harness::PackEvaluator::Options options;
    options.evaluation = {kRows, 0, 0};
    ReplicaTrainer trainer(*model_, parameters, OptimizerOptions());
    harness::PackEvaluator evaluator(catalog_, context, schedule_, options);
    evaluator.record_ceilings();
    for (std::size_t phase = 0; phase < schedule_.size(); ++phase) {
      evaluator.measure(trainer, static_cast<std::int64_t>(phase), EvaluationScope::full);
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

TEST_CASE("a cue contribution randomises the informative cues of its phase, and no other") {
  MeasuredStream stream("continually_confounded", {{"tasks", 4}},
                        {{"trajectory", "accumulation"},
                         {"phase_count", 2},
                         {"unpaired_cues", 1},
                         {"final_phases", Value::List{"no_cue"}}});
  // It reads the core and, louder, cue 3, which is absent throughout: nothing is owed to cues.
  const TrialResult absent = stream.measured({{0, 1.0}, {kCore + 3, 100.0}});
  // It reads the core and, louder, cue 1, which speaks in phases 1 and 2.
  const TrialResult follows = stream.measured({{0, 1.0}, {kCore + 1, 100.0}});
  for (std::int64_t phase = 0; phase < 4; ++phase) {
    CAPTURE(phase);
    const std::string domain = "phase_" + std::to_string(phase);
    CHECK(found(absent, phase, domain, "cue_contribution") == 0.0);
    const bool speaks = phase == 1 || phase == 2;
    const double cue_contribution = found(follows, phase, domain, "cue_contribution").value();
    CHECK((speaks ? cue_contribution > 0.4 : cue_contribution == 0.0));
    CHECK(found(follows, phase, domain, "randomised_accuracy").value() ==
          Approx(found(follows, phase, domain, "accuracy").value() - cue_contribution));
  }
}

TEST_CASE(
    "validation rows are measured once, after the last phase, and are none of the test rows") {
  MeasuredStream stream("linear_unit_tests", {}, {{"phases", Value::List{1.0, 0.5}}});
  const TrialResult trial = stream.measured({{0, 0.5}, {7, 1.0}});
  CHECK_FALSE(found(trial, 0, "validation", "loss"));
  CHECK_FALSE(found(trial, 1, "validation", "loss"));
  CHECK(found(trial, 2, "validation", "rows") == static_cast<double>(MeasuredStream::kRows));
  const Environment& world = stream.world();
  const auto loss = [&](const Domain& domain) {
    const Sample rows = world.sample(domain, Split::validation, {0, MeasuredStream::kRows});
    const Tensor x = rows.x.to(at::kDouble);
    return (0.5 * x.select(1, 0) + x.select(1, 7) - rows.y.to(at::kDouble))
        .pow(2)
        .mean()
        .item<double>();
  };
  double mean = 0.0;
  for (const Domain& domain : world.train_domains()) mean += loss(domain) / 3.0;
  CHECK(found(trial, 2, "validation", "loss").value() == Approx(mean).epsilon(1e-5));
  CHECK(found(trial, 2, "validation", "loss") != found(trial, 2, "in_distribution", "loss"));
  CHECK(found(trial, 2, "validation_test", "loss").value() ==
        Approx(loss(world.test_domain())).epsilon(1e-5));
}

TEST_CASE("flips of a regression that does not change do not change from phase to phase") {
  for (const char* drift : {"none", "covariates", "mechanism"}) {
    CAPTURE(drift);
    MeasuredStream stream("linear_unit_tests", {},
                          {{"phases", Value::List{1.0, 0.5}}, {"control_shift", drift}});
    const Environment& world = stream.world();
    const TrialResult trial = stream.measured({{0, 0.5}, {7, 1.0}});
    const auto numbers = analysis::stream_numbers(trial);
    REQUIRE(numbers);
    const double before = numbers->flips[0].at("spurious");
    CHECK(before > 0.0);
    for (std::size_t phase = 1; phase < 3; ++phase) {
      CHECK(numbers->flips[phase].at("spurious") == before);
      CHECK(std::isfinite(numbers->cue_contributions[phase][phase]));
    }
    const auto variance = [&](const Domain& domain) {
      return world.sample(domain, Split::test, {0, MeasuredStream::kRows})
          .y.to(at::kDouble)
          .var(false)
          .item<double>();
    };
    const double usual = variance(world.train_domains().front());
    CHECK(found(trial, 0, "cue_spurious", "target_variance").value() == Approx(usual));
    CHECK(before == Approx(found(trial, 0, "cue_spurious", "counterfactual_rms_change").value() /
                           std::sqrt(usual)));
    const Domain& last = stream.schedule()[2].domain;
    CHECK(numbers->variance[2] == Approx(variance(last)));
    CHECK(numbers->cue_contributions[2][2] ==
          Approx(found(trial, 2, "phase_2", "cue_contribution").value() / variance(last)));
  }
}

TEST_CASE("cues that any train domain pairs with the label are old cues, not unseen ones") {
  MeasuredStream stream("continually_confounded", {{"tasks", 3}},
                        {{"trajectory", "fixed"}, {"phase_count", 1}});
  const TrialResult trial = stream.measured({{0, 1.0}, {kCore, 10.0}, {kCore + 2, 100.0}});
  CHECK(found(trial, 0, "phase_0", "cue_strength_confounder_2") == 0.0);
  CHECK(found(trial, 0, "phase_0", "trained_cue_strength_confounder_2") == -0.5);
  const auto numbers = analysis::stream_numbers(trial);
  REQUIRE(numbers);
  CHECK(numbers->newest(1) == std::vector<std::string>{"confounder_0"});
  CHECK(numbers->new_cue_reliance(0) == 1.0);  // confounder_2
  CHECK(numbers->old_cue_reliance(1) == 1.0);
  CHECK(std::isnan(numbers->unseen_cue_reliance(1)));
  CHECK_FALSE(numbers->shifts(1));
}
