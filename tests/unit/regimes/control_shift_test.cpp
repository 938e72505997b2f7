#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "catch.hpp"
#include "nouns/control_shift_environment.hpp"
#include "regimes/shared/trajectory.hpp"
#include "spurion/run.hpp"
#include "statistical/estimates.hpp"
#include "unit/environments/synthetic_worlds.hpp"

using namespace spurion;
using namespace spurion::regimes;
using namespace spurion::tests;
using Catch::Contains;

namespace {

std::unique_ptr<Environment> with_control_shifts(const std::string& name,
                                                 Value::Table options = {}) {
  return std::make_unique<nouns::ControlShiftEnvironment>(
      synthetic_world(name, std::move(options), 5), 5);
}

Domain shifted(const Environment& world, ControlShift::Kind kind, double level) {
  return nouns::with_control_shift(world.train_domains().front(), ControlShift{kind, level});
}

}  // namespace

TEST_CASE("a control shift names other rows and leaves the key alone") {
  const Domain domain = Domain::train(0, 0.1);
  const ControlShift shift{ControlShift::Kind::covariates, 0.25};
  const Domain with = nouns::with_control_shift(domain, shift);
  CHECK(with.control_shift == shift);
  CHECK(with.key == domain.key);
  CHECK(nouns::rows_text(domain) == "train_0");
  CHECK(nouns::rows_text(with) == "train_0|control_shift:covariates=0.25");
  CHECK_FALSE(nouns::with_control_shift(with, {}).control_shift);
}

TEST_CASE("chosen rows are addressable, of the share asked for, and none comes twice") {
  const auto world = with_control_shifts("two_shortcuts");
  for (const ControlShift::Kind kind :
       {ControlShift::Kind::classes, ControlShift::Kind::covariates}) {
    for (const double level : {0.0, 0.15, 0.7, 1.0}) {
      CAPTURE(control_shift_name(kind), level);
      const Domain domain = shifted(*world, kind, level);
      const Sample all = world->sample(domain, Split::train, {0, 2000});
      CHECK(same_sample(slice(all, 700, 300), world->sample(domain, Split::train, {700, 300})));
      CHECK(same_sample(slice(all, 1999, 1), world->sample(domain, Split::train, {1999, 1})));
      std::set<std::string> distinct;
      const Tensor x = all.x.flatten(1).contiguous();
      for (std::int64_t i = 0; i < 2000; ++i) {
        distinct.emplace(static_cast<const char*>(x[i].data_ptr()), x[i].numel() * sizeof(float));
      }
      CHECK(distinct.size() == 2000);
      if (kind == ControlShift::Kind::classes) CHECK(estimate(all.y).agrees(level));
    }
  }
}

TEST_CASE("where rows end a control shift chooses among those there are") {
  const auto world = with_control_shifts("table");
  const Domain usual = world->train_domains().front();
  const auto bytes_of = [](const Tensor& row) {
    return std::string(static_cast<const char*>(row.data_ptr()), row.nbytes());
  };
  for (const Split split : {Split::train, Split::test}) {
    const std::int64_t limit = world->row_limit(usual, split);
    const Sample pool = world->sample(usual, split, {0, limit});
    std::set<std::string> there;
    for (std::int64_t i = 0; i < limit; ++i) there.insert(bytes_of(pool.x[i]));
    for (const ControlShift::Kind kind :
         {ControlShift::Kind::classes, ControlShift::Kind::covariates}) {
      for (const double level : {0.0, 0.2, 1.0}) {
        CAPTURE(split_name(split), control_shift_name(kind), level);
        const Domain domain = nouns::with_control_shift(usual, ControlShift{kind, level});
        REQUIRE(world->row_limit(domain, split) == limit);
        const Sample rows = world->sample(domain, split, {0, limit});
        CHECK(same_sample(slice(rows, limit - 7, 7), world->sample(domain, split, {limit - 7, 7})));
        for (std::int64_t i = 0; i < limit; ++i) CHECK(there.count(bytes_of(rows.x[i])) == 1);
        if (kind == ControlShift::Kind::classes) CHECK(estimate(rows.y).agrees(level));
        const Sample twins =
            world->sample(domain, split, {0, limit}, Intervention::flip("spurious"));
        CHECK(at::equal(rows.y, twins.y));
        CHECK(at::equal(rows.spurious, 1 - twins.spurious));
      }
    }
  }
}

TEST_CASE("within a class nothing shifts, and neither do labels of alike causes") {
  const auto world = with_control_shifts("two_shortcuts");
  const Domain usual = world->train_domains().front();
  const Sample before = world->sample(usual, Split::test, {0, 20000});
  const auto compare = [](const Tensor& a, const Tensor& b) {
    const Estimate one = estimate(a);
    const Estimate other = estimate(b);
    return std::abs(one.mean - other.mean) <=
           4.0 * std::hypot(one.standard_error, other.standard_error);
  };
  const auto of_class = [](const Sample& rows, const Tensor& values) {
    return values.index({rows.y.eq(1)});
  };
  const Sample after =
      world->sample(shifted(*world, ControlShift::Kind::classes, 0.2), Split::test, {0, 20000});
  CHECK(estimate(after.y.to(at::kDouble)).agrees(0.2));
  for (std::int64_t input = 0; input < before.x.size(1); ++input) {
    CAPTURE(input);
    CHECK(compare(of_class(before, before.x.select(1, input)),
                  of_class(after, after.x.select(1, input))));
  }
  // Of covariates: the share above the mean is what was asked for, and labels given the side of the
  // mean are as they were.
  const Sample moved =
      world->sample(shifted(*world, ControlShift::Kind::covariates, 0.8), Split::test, {0, 20000});
  const double mean = world->sample(usual, Split::train, {0, 4096})
                          .causal.select(1, 0)
                          .to(at::kDouble)
                          .mean()
                          .item<double>();
  const auto above = [&](const Sample& rows) { return rows.causal.select(1, 0).gt(mean); };
  CHECK(estimate(above(moved).to(at::kDouble)).agrees(0.8));
  CHECK(compare(before.y.index({above(before)}).to(at::kDouble),
                moved.y.index({above(moved)}).to(at::kDouble)));
}

TEST_CASE("twins of chosen and of relabelled rows are of the same rows") {
  const auto world = with_control_shifts("two_shortcuts");
  const std::vector<std::string> cues = world->info().every_cue();
  for (const ControlShift::Kind kind : {ControlShift::Kind::classes, ControlShift::Kind::covariates,
                                        ControlShift::Kind::mechanism}) {
    CAPTURE(control_shift_name(kind));
    const Domain domain = shifted(*world, kind, 0.3);
    const Sample rows = world->sample(domain, Split::test, {0, 500});
    const Sample twins =
        world->sample(domain, Split::test, {0, 500}, Intervention::resample_each(cues));
    CHECK(at::equal(rows.y, twins.y));
    CHECK(at::equal(rows.causal, twins.causal));
    CHECK_FALSE(at::equal(rows.spurious, twins.spurious));
  }
}

TEST_CASE("a control shift of the mechanism moves every score as its ceilings say") {
  const auto world = with_control_shifts("two_shortcuts");
  const Domain usual = world->train_domains().front();
  const Ceilings before = world->ceilings(usual);
  for (const double level : {0.1, 0.5, 0.9}) {
    CAPTURE(level);
    const Domain domain = shifted(*world, ControlShift::Kind::mechanism, level);
    const Sample plain = world->sample(usual, Split::test, {0, 20000});
    const Sample rows = world->sample(domain, Split::test, {0, 20000});
    CHECK(at::equal(plain.x, rows.x));
    CHECK_FALSE(rows.group.defined());
    CHECK(estimate(rows.y.ne(plain.y).to(at::kDouble)).agrees(level));
    // A predictor that is right on a share s of the rows is now right on (1 - q) s + q (1 - s).
    const Tensor right = plain.x.select(1, 0).gt(0).to(at::kLong).eq(plain.y).to(at::kDouble);
    const double s = right.mean().item<double>();
    const Tensor now = plain.x.select(1, 0).gt(0).to(at::kLong).eq(rows.y).to(at::kDouble);
    CHECK(estimate(now).agrees((1 - level) * s + level * (1 - s)));
    const Ceilings after = world->ceilings(domain);
    const double kept = std::max(level, 1.0 - level);
    CHECK(after.bayes.value ==
          Approx(kept * before.bayes.value + (1.0 - kept) * (1.0 - before.bayes.value)));
    CHECK(after.spurious_only.value == Approx((1 - level) * before.spurious_only.value +
                                              level * (1 - before.spurious_only.value)));
    CHECK(after.chance >= 0.5);
  }
}

TEST_CASE("noise of a regression adds to every error") {
  const auto world = with_control_shifts("linear_unit_tests", {{"example", "1"}});
  REQUIRE(world->info().task == Task::regression);
  const Domain usual = world->train_domains().front();
  const Domain domain = shifted(*world, ControlShift::Kind::mechanism, 0.5);
  const Ceilings before = world->ceilings(usual);
  const Ceilings after = world->ceilings(domain);
  const double added = 0.5 * before.chance;
  CHECK(after.bayes.value == Approx(before.bayes.value + added));
  CHECK(after.chance == Approx(before.chance + added));
  const Sample plain = world->sample(usual, Split::test, {0, 20000});
  const Sample rows = world->sample(domain, Split::test, {0, 20000});
  CHECK(estimate((rows.y - plain.y).pow(2)).agrees(added));
  CHECK_THROWS_WITH(
      world->sample(shifted(*world, ControlShift::Kind::classes, 0.5), Split::test, {0, 1}),
      Contains("has no classes"));
}

TEST_CASE("a ceiling that is not known is not given") {
  const auto noisy = with_control_shifts("two_shortcuts");
  for (const ControlShift::Kind kind :
       {ControlShift::Kind::classes, ControlShift::Kind::covariates}) {
    const Ceilings ceilings = noisy->ceilings(shifted(*noisy, kind, 0.3));
    CHECK(std::isnan(ceilings.bayes.value));
    CHECK(std::isnan(ceilings.invariant.value));
    CHECK_FALSE(ceilings.population_erm.has_value());
  }
  CHECK(noisy->ceilings(shifted(*noisy, ControlShift::Kind::classes, 0.3)).chance == 0.7);
  CHECK(std::isnan(noisy->ceilings(shifted(*noisy, ControlShift::Kind::covariates, 0.3)).chance));
}

TEST_CASE("an environment without control shifts refuses to sample one") {
  const auto raw = synthetic_world("two_shortcuts");
  CHECK_THROWS_AS(
      raw->sample(shifted(*raw, ControlShift::Kind::classes, 0.3), Split::train, {0, 1}),
      LogicError);
}

TEST_CASE("a trajectory has control shifts in the phases after the first") {
  const auto world = with_control_shifts("two_shortcuts");
  TrajectoryOptions options;
  options.trajectory = "fixed";
  options.phase_count = 3;
  options.control_shift = "classes";
  options.control_shift_levels = {0.5, 0.7, 0.9};
  const Trajectory trajectory(options, *world);
  CHECK_FALSE(trajectory.phases()[0].domain.control_shift);
  for (std::size_t phase = 1; phase <= 3; ++phase) {
    const ControlShift expected{ControlShift::Kind::classes,
                                options.control_shift_levels[phase - 1]};
    CHECK(trajectory.phases()[phase].domain.control_shift == expected);
  }
  options.control_shift_levels = {0.5, 0.7};
  CHECK_THROWS_WITH(Trajectory(options, *world),
                    Contains("2 numbers, but the stream has 3 phases"));
  options.control_shift = "none";
  CHECK_THROWS_WITH(Trajectory(options, *world),
                    Contains("needs a control_shift other than \"none\""));
  options.control_shift = "mechanism";
  options.control_shift_levels = {};
  CHECK(Trajectory(options, *world).phases()[2].domain.control_shift->level == 0.25);
}

namespace {

std::vector<TrialResult> run_stream(const std::string& regime) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite = Suite::parse(R"(
name = "s"
seeds = 2
[[experiment]]
name = "e"
environment = { name = "two_shortcuts" }
model = { name = "linear" }
method = { name = "erm" }
optimizer = { learning_rate = 0.05 }
training = { steps = 120, rows = 200, batch = 20 }
evaluation = { rows = 400, training_rows = 0 }
regime = )" + regime,
                                   "s.toml");
  std::vector<TrialResult> all;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (TrialResult& result : run_pack(pack, catalog, sources)) {
      all.push_back(std::move(result));
    }
  }
  return all;
}

std::int64_t count(const TrialResult& trial, const std::string& metric, std::int64_t phase,
                   const std::string& domain) {
  return std::count_if(trial.measurements.begin(), trial.measurements.end(),
                       [&](const Measurement& row) {
                         return row.metric == metric && row.phase == phase && row.domain == domain;
                       });
}

}  // namespace

TEST_CASE("a control shifting stream is measured, and regret only where the ceiling is known") {
  for (
      const TrialResult& trial : run_stream(
          R"({ name = "online", trajectory = "fixed", phase_count = 2, control_shift = "classes", control_shift_levels = [0.8, 0.2], windows = 2 })")) {
    REQUIRE(trial.status == Status::done);
    CHECK(count(trial, "prequential_accuracy", 1, "stream") == 2);
    CHECK(count(trial, "regret", 1, "stream") == 0);
    CHECK(count(trial, "control_shift_level", 0, "phase_1") == 1);
    CHECK(count(trial, "control_shift_level", 0, "phase_0") == 0);
    CHECK(count(trial, "ceiling_bayes", 0, "phase_0") == 1);
    CHECK(count(trial, "ceiling_bayes", 0, "phase_1") == 0);
    CHECK(count(trial, "ceiling_chance", 0, "phase_1") == 1);
    CHECK(count(trial, "cue_contribution", 1, "phase_1") == 1);
  }
  for (
      const TrialResult& trial : run_stream(
          R"({ name = "online", trajectory = "fixed", phase_count = 2, control_shift = "mechanism", windows = 2 })")) {
    REQUIRE(trial.status == Status::done);
    CHECK(count(trial, "regret", 1, "stream") == 2);
    CHECK(count(trial, "ceiling_bayes", 0, "phase_2") == 1);
  }
}

TEST_CASE("past phases can be measured sparsely, but all of them after the last") {
  const auto measured = [](const std::string& past) {
    const TrialResult trial =
        run_stream(
            R"({ name = "continual", trajectory = "fixed", phase_count = 11, pretrain_fraction = 0.1, max_past_phases_evaluated = )" +
            past + " }")
            .front();
    std::vector<std::set<std::int64_t>> after(12);
    for (const Measurement& row : trial.measurements) {
      if (row.metric != "accuracy" || row.domain.rfind("phase_", 0) != 0) continue;
      after[static_cast<std::size_t>(row.phase)].insert(std::stoll(row.domain.substr(6)));
    }
    return after;
  };
  const auto all = measured("0");
  CHECK(all[9].size() == 11);  // 0 .. 8, itself, the next
  const auto few = measured("3");
  CHECK(few[9] == std::set<std::int64_t>{0, 6, 8, 9, 10});  // ages 9, 3, 1
  CHECK(few[2] == all[2]);
  CHECK(few[11] == all[11]);
  CHECK(few[11].size() == 12);
}
