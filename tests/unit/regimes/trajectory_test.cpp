#include "regimes/shared/trajectory.hpp"

#include <ATen/ATen.h>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "unit/environments/synthetic_worlds.hpp"

using namespace spurion;
using namespace spurion::regimes;
using namespace spurion::tests;
using Catch::Contains;

namespace {

std::vector<double> shifts(const Trajectory& trajectory) {
  std::vector<double> all;
  for (const Phase& phase : trajectory.phases()) all.push_back(phase.domain.shift);
  return all;
}

std::vector<std::vector<double>> positions(const Trajectory& trajectory) {
  std::vector<std::vector<double>> all;
  for (const Phase& phase : trajectory.phases()) all.push_back(phase.domain.cue_shifts);
  return all;
}

TrajectoryOptions of(const std::string& kind, std::int64_t phases) {
  TrajectoryOptions options;
  options.trajectory = kind;
  options.phase_count = phases;
  return options;
}

/// Three tasks of cue strength .05: confounder_0 .. confounder_2, neutral at .5.
std::unique_ptr<Environment> three_cues() {
  return synthetic_world("continually_confounded", {{"tasks", 3}, {"disagreement", 0.05}});
}

}  // namespace

TEST_CASE("the dial moves as a trajectory says") {
  const auto world = synthetic_world("two_shortcuts");
  const double from = world->train_domains().front().shift;
  const double to = world->test_domain().shift;
  CHECK(shifts(Trajectory(of("listed", 4), *world)) == std::vector<double>{from, to});
  CHECK(shifts(Trajectory(of("fixed", 2), *world)) == std::vector<double>{from, from, from});
  CHECK(shifts(Trajectory(of("reversal", 4), *world)) ==
        std::vector<double>{from, from, from, to, to});
  TrajectoryOptions periodic = of("periodic", 5);
  periodic.period = 2;
  CHECK(shifts(Trajectory(periodic, *world)) == std::vector<double>{from, to, to, from, from, to});
  // Every cue turns, not the shift's alone.
  CHECK(positions(Trajectory(of("reversal", 2), *world)).back() == world->test_domain().cue_shifts);
  const auto drift = shifts(Trajectory(of("linear", 4), *world));
  REQUIRE(drift.size() == 5);
  for (std::size_t i = 0; i < drift.size(); ++i) {
    CHECK(drift[i] == Approx(from + (to - from) * static_cast<double>(i) / 4.0));
  }
}

TEST_CASE("a random walk stays on the dial and is the one its number names") {
  const auto world = synthetic_world("two_shortcuts");
  TrajectoryOptions walk = of("random_walk", 200);
  walk.step_std = 0.4;
  const auto first = shifts(Trajectory(walk, *world));
  for (const double shift : first) CHECK((shift >= 0.0 && shift <= 1.0));
  CHECK(shifts(Trajectory(walk, *world)) == first);
  walk.walk_seed = 1;
  CHECK(shifts(Trajectory(walk, *world)) != first);
}

TEST_CASE("cues take turns as a trajectory says, and unpaired ones never become informative") {
  const auto world = three_cues();
  using Rows = std::vector<std::vector<double>>;
  CHECK(positions(Trajectory(of("replacement", 3), *world)) ==
        Rows{{0.05, 0.5, 0.5}, {0.5, 0.05, 0.5}, {0.5, 0.5, 0.05}, {0.5, 0.5, 0.05}});
  CHECK(positions(Trajectory(of("accumulation", 2), *world)) ==
        Rows{{0.05, 0.5, 0.5}, {0.05, 0.05, 0.5}, {0.05, 0.05, 0.05}});
  TrajectoryOptions recurring = of("recurring", 3);
  recurring.unpaired_cues = 1;
  CHECK(positions(Trajectory(recurring, *world)) ==
        Rows{{0.05, 0.5, 0.5}, {0.5, 0.05, 0.5}, {0.05, 0.5, 0.5}, {0.5, 0.05, 0.5}});
  const Trajectory turns(recurring, *world);
  for (const Domain& domain : turns.first_domains()) {
    CHECK(domain.cue_shifts == std::vector<double>{0.05, 0.5, 0.5});
  }
}

TEST_CASE("final phases silence the cues or turn them against the model") {
  const auto several = three_cues();
  TrajectoryOptions options = of("replacement", 1);
  options.final_phases = {"no_cue", "adversarial"};
  const auto rows = positions(Trajectory(options, *several));
  REQUIRE(rows.size() == 4);
  CHECK(rows[2] == std::vector<double>{0.5, 0.5, 0.5});
  CHECK(rows[3][0] == Approx(0.95));
  CHECK(rows[3][1] == Approx(0.95));
  CHECK(rows[3][2] == 0.5);

  // Phase 0 is trained on every train domain, each with a cue of its own: all of them turn.
  TrajectoryOptions still = of("fixed", 1);
  still.final_phases = {"adversarial"};
  const auto turned = positions(Trajectory(still, *several)).back();
  for (const double shift : turned) CHECK(shift == Approx(0.95));

  // After a reversal the opposite is what it was before.
  TrajectoryOptions reversed = of("reversal", 2);
  reversed.final_phases = {"adversarial"};
  const auto back = positions(Trajectory(reversed, *several));
  for (std::size_t cue = 0; cue < 3; ++cue) {
    if (back[2][cue] != 0.5) CHECK(back[3][cue] == Approx(1.0 - back[2][cue]));
  }
  const auto one = synthetic_world("two_bit");
  const auto shifts = [](const Trajectory& stream) {
    std::vector<double> all;
    for (const Phase& phase : stream.phases()) all.push_back(phase.domain.shift);
    return all;
  };
  const auto dial = shifts(Trajectory(reversed, *one));
  CHECK(dial[3] == dial[0]);
  CHECK(dial[2] != dial[0]);

  TrajectoryOptions fixed = of("fixed", 1);
  fixed.final_phases = {"no_cue"};
  const Trajectory trajectory(fixed, *one);
  const Phase& last = trajectory.phases().back();
  CHECK(last.intervention.kind == Intervention::Kind::resample);
  const Ceilings ceilings = phase_ceilings(*one, last);
  CHECK(ceilings.bayes.value == ceilings.invariant.value);
}

TEST_CASE("options that a trajectory does not read are refused") {
  const auto world = synthetic_world("two_bit");
  TrajectoryOptions options = of("reversal", 2);
  options.period = 3;
  CHECK_THROWS_WITH(Trajectory(options, *world),
                    Catch::Contains("'period' belongs to the trajectory periodic"));
  TrajectoryOptions listed = of("listed", 9);
  CHECK_THROWS_WITH(Trajectory(listed, *world),
                    Catch::Contains("'phase_count' belongs to the trajectories fixed, reversal"));
}

TEST_CASE("phase 0 says on which domains it is trained, where they are several") {
  const auto world = three_cues();
  const auto trained = Trajectory(of("fixed", 1), *world).phases();
  REQUIRE(trained[0].trained_on.size() == 3);
  CHECK(trained[0].trained_on[2].cue_shifts == world->train_domains()[2].cue_shifts);
  CHECK(trained[0].domain.cue_shifts == world->train_domains()[0].cue_shifts);
  CHECK(trained[1].trained_on.empty());
}

TEST_CASE("steps of phases add up and follow their lengths") {
  const auto world = synthetic_world("two_bit");
  TrajectoryOptions options = of("fixed", 3);
  options.pretrain_fraction = 0.25;
  const Trajectory equal(options, *world);
  CHECK(equal.steps(0, 103) + equal.steps(1, 103) + equal.steps(2, 103) + equal.steps(3, 103) ==
        103);
  options.phase_weights = {1, 2, 1};
  const Trajectory unequal(options, *world);
  CHECK(unequal.steps(0, 400) == 100);
  CHECK(unequal.steps(1, 400) == 75);
  CHECK(unequal.steps(2, 400) == 150);
  CHECK(unequal.steps(3, 400) == 75);
}

TEST_CASE("trajectories that do not fit their world are refused with what it has") {
  const auto one = synthetic_world("two_bit");
  CHECK_THROWS_WITH(Trajectory(of("replacement", 2), *one),
                    Contains("'replacement' needs at least two cues") && Contains("two_bit"));
  TrajectoryOptions unpaired = of("linear", 2);
  unpaired.unpaired_cues = 1;
  CHECK_THROWS_WITH(Trajectory(unpaired, *one), Contains("'unpaired_cues'"));
  TrajectoryOptions phases = of("linear", 2);
  phases.phases = {0.5};
  CHECK_THROWS_WITH(Trajectory(phases, *one), Contains("'phases' belongs to"));
  TrajectoryOptions lengths = of("linear", 2);
  lengths.phase_weights = {1.0};
  CHECK_THROWS_WITH(Trajectory(lengths, *one), Contains("1 number, but the stream has 2 phases"));
}
