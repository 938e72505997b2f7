#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "environments/acrobot/acrobot_dynamics.hpp"
#include "environments/cart_pole/cart_dynamics.hpp"
#include "spurion/interactive.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::kTest;
using tests::synthetic_world;

constexpr std::uint8_t kGoing = 0;

/// What an expert does from the acting start.
struct Habits {
  double repeats = 0.0;  ///< share of steps with the action of the step before
  double steps = 0.0;    ///< mean steps of an episode
  double goals = 0.0;    ///< share of episodes that reach the goal
};

Habits habits_of(const InteractiveEnvironment& world, std::int64_t count) {
  const Domain domain = world.at(0.0);
  const EpisodePlace place{domain, kTest};
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(i);
  Episodes running = world.reset(place, numbers);
  std::vector<float> rewards;
  double repeats = 0.0;
  double pairs = 0.0;
  while (!running.all_done()) {
    const auto actions = world.act(ReferencePolicy::expert, place, running);
    for (std::size_t i = 0; i < actions.size(); ++i) {
      if (running.done[i] != 0 || running.last_action[i] < 0) continue;
      pairs += 1.0;
      repeats += actions[i] == running.last_action[i] ? 1.0 : 0.0;
    }
    world.step(place, actions, running, rewards);
  }
  Habits out;
  out.repeats = repeats / pairs;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    out.steps += static_cast<double>(running.step[i]) / static_cast<double>(count);
    out.goals += static_cast<double>(running.goal[i]) / static_cast<double>(count);
  }
  return out;
}

/// The energy of an acrobot without torque, which its equations of motion keep.
double energy(double angle1, double angle2, double speed1, double speed2) {
  const double d1 = 3.5 + std::cos(angle2);
  const double d2 = 1.25 + 0.5 * std::cos(angle2);
  return 0.5 * d1 * speed1 * speed1 + d2 * speed1 * speed2 + 0.5 * 1.25 * speed2 * speed2 -
         14.7 * std::cos(angle1) - 4.9 * std::cos(angle1 + angle2);
}

TEST_CASE("acrobot: without torque the energy stays, a torque along the turn adds to it") {
  std::array<double, 4> state = {0.3, -0.4, 0.2, 0.1};
  const auto move = [&](double torque) {
    double height = 0.0;
    environments::step_acrobots(1, &torque, &kGoing, {&state[0], &state[1], &state[2], &state[3]},
                                &height);
    return height;
  };
  const double before = energy(state[0], state[1], state[2], state[3]);
  for (int step = 0; step < 5; ++step) {
    const double height = move(0.0);
    CHECK(height == Approx(-std::cos(state[0]) - std::cos(state[0] + state[1])).epsilon(1e-12));
  }
  CHECK(energy(state[0], state[1], state[2], state[3]) == Approx(before).margin(2e-3));
  for (int step = 0; step < 30; ++step) move(state[3] > 0.0 ? 1.0 : -1.0);
  CHECK(energy(state[0], state[1], state[2], state[3]) > before + 2.0);
  for (const double angle : {state[0], state[1]}) CHECK(std::abs(angle) <= 3.1415927);
}

TEST_CASE("cart_pole: one step by hand") {
  std::array<double, 4> state = {0.1, -0.2, 0.05, 0.3};
  const double push = 1.0;
  environments::step_carts(1, &push, &kGoing, {&state[0], &state[1], &state[2], &state[3]});
  const double shared = (10.0 + 0.05 * 0.09 * std::sin(0.05)) / 1.1;
  const double turn = (9.8 * std::sin(0.05) - std::cos(0.05) * shared) /
                      (0.5 * (4.0 / 3.0 - 0.1 * std::cos(0.05) * std::cos(0.05) / 1.1));
  CHECK(state[0] == Approx(0.1 - 0.02 * 0.2));
  CHECK(state[1] == Approx(-0.2 + 0.02 * (shared - 0.05 * turn * std::cos(0.05) / 1.1)));
  CHECK(state[2] == Approx(0.05 + 0.02 * 0.3));
  CHECK(state[3] == Approx(0.3 + 0.02 * turn));
}

TEST_CASE("acrobot: habits of the expert, and references") {
  const auto made = synthetic_world("acrobot", {{"horizon", 200}});
  const Habits habits = habits_of(*made->interactive(), 300);
  CHECK(habits.repeats == Approx(0.88).margin(0.02));
  CHECK(habits.steps == Approx(87.0).margin(12.0));
  CHECK(habits.goals > 0.95);
  const Sample rows = made->sample(made->at(0.0), kTest, {0, 200});
  CHECK(rows.x.size(1) == 7);
  CHECK(rows.x.abs().max().item<float>() <= 3.2F);
  CHECK(at::equal(rows.x.select(1, 5).sign().to(at::kLong) + 1, rows.y));
  const auto masked = synthetic_world("acrobot", {{"graph_inputs", true}});
  CHECK(masked->interactive()->acting().graph_inputs ==
        std::vector<std::vector<std::int64_t>>{{0, 1}, {2, 3}, {4}, {5}, {6}});
}

TEST_CASE("cart_pole: damping decides whether the expert repeats itself") {
  const auto usual = synthetic_world("cart_pole");
  const Habits slow = habits_of(*usual->interactive(), 100);
  CHECK(slow.repeats > 0.75);
  CHECK(slow.goals == Approx(1.0));
  CHECK(slow.steps == Approx(200.0));
  const auto damped = synthetic_world("cart_pole", {{"damping", 0.3}});
  const Habits quick = habits_of(*damped->interactive(), 100);
  CHECK(quick.repeats == Approx(0.3).margin(0.04));
  CHECK(quick.goals == Approx(1.0));
  // Skipped frames do not make such an expert repeat itself.
  const auto skipped = synthetic_world("cart_pole", {{"damping", 0.3}, {"frame_skip", 3}});
  CHECK(habits_of(*skipped->interactive(), 100).repeats < 0.45);
}

TEST_CASE("cart_pole: hidden velocities, returns and ceilings") {
  const auto made = synthetic_world("cart_pole");
  const Sample rows = made->sample(made->at(0.0), kTest, {0, 300});
  CHECK(rows.x.size(1) == 3);
  CHECK(at::equal(rows.causal, rows.x.narrow(1, 0, 2)));
  const ReferenceReturns returns = made->interactive()->references(made->at(0.0));
  CHECK(returns.optimal.value == 200.0);
  CHECK(returns.expert.value == Approx(200.0).margin(0.5));
  CHECK(returns.cue.value < 15.0);
  CHECK(returns.random.value == Approx(22.0).margin(3.0));
  const Ceilings known = made->ceilings(made->at(0.0));
  CHECK(known.bayes.value == 1.0);
  CHECK(known.bayes.error_bound > 0.02);
  CHECK(known.spurious_only.value > 0.7);
  const auto seen = synthetic_world("cart_pole", {{"mask_velocities", false}});
  const Sample all = seen->sample(seen->at(0.0), kTest, {0, 300});
  CHECK(all.x.size(1) == 5);
  CHECK(at::equal(all.y, rows.y));
  CHECK(seen->ceilings(seen->at(0.0)).bayes.error_bound == 0.0);
}

}  // namespace
}  // namespace spurion
