#include "catch.hpp"
#include "spurion/analysis/trial_fields.hpp"

using namespace spurion;
using namespace spurion::analysis;

namespace {

TrialResult trial_with(Value::List shifts, double flops) {
  TrialResult trial;
  trial.spec.environment = {"two_shortcuts", Value::Table{{"train_shifts", std::move(shifts)}}};
  trial.spec.model = {"mlp", Value::Table{{"width", std::int64_t{16}}, {"activation", "relu"}}};
  trial.cost.flops = flops;
  trial.cost.steps = 30;
  return trial;
}

}  // namespace

TEST_CASE("a list is an axis by its length, or by its mean") {
  const TrialResult trial = trial_with({0.1, 0.3}, 1e9);
  const auto at = [&](const char* name) { return axis_value(trial, name); };
  CHECK(at("environment.train_shifts")->number == 2.0);
  CHECK(at("environment.train_shifts.mean")->number == 0.2);
  CHECK(at("environment.train_shifts.mean")->text == "0.2");
  CHECK(at("model.width")->number == 16.0);
  CHECK_FALSE(at("model.width.mean").has_value());
  CHECK_FALSE(at("model.activation").has_value());
  CHECK_FALSE(at("environment.unknown.mean").has_value());
  CHECK(axis_option("environment.train_shifts.mean") == "environment.train_shifts");
  CHECK(axis_option("model.width") == "model.width");
  // Three shares that sum up to other last bits are one place.
  CHECK(axis_value(trial_with({0.1, 0.2, 0.3}, 0.0), "environment.train_shifts.mean")->number ==
        axis_value(trial_with({0.3, 0.2, 0.1}, 0.0), "environment.train_shifts.mean")->number);
  CHECK_FALSE(axis_value(trial_with({}, 0.0), "environment.train_shifts.mean").has_value());
}

TEST_CASE("what a trial cost is an axis") {
  const TrialResult trial = trial_with({0.1}, 1234567.89);
  CHECK(axis_value(trial, "cost.flops")->number == 1234570.0);
  CHECK(axis_value(trial, "cost.steps")->number == 30.0);
  CHECK(is_cost_axis("cost.rows_seen"));
  CHECK_FALSE(is_cost_axis("cost.unknown"));
  CHECK_FALSE(axis_value(trial, "cost.unknown").has_value());
  CHECK_FALSE(axis_value(trial.spec, "cost.flops").has_value());
}
