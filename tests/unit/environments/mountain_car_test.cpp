#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "environments/mountain_car/car_dynamics.hpp"
#include "environments/mountain_car/car_optimum.hpp"
#include "spurion/interactive.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::CarOptimum;
using tests::kTest;
using tests::synthetic_world;

std::vector<std::int64_t> first_numbers(std::int64_t count) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

TEST_CASE("mountain_car: the car moves as the formula says") {
  std::vector<double> positions = {-0.5, -1.199, 0.49, -0.3, -1.2};
  std::vector<double> velocities = {0.0, -0.05, 0.07, 0.0699, 0.01};
  const std::vector<double> pushes = {1.0, -1.0, 1.0, 1.0, 0.0};
  const std::vector<std::uint8_t> done = {0, 0, 0, 0, 1};
  const std::vector<double> p = positions;
  const std::vector<double> v = velocities;
  environments::step_cars(5, pushes.data(), done.data(), positions.data(), velocities.data());
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    double velocity = v[i] + 0.001 * pushes[i] - 0.0025 * std::cos(3.0 * p[i]);
    velocity = std::min(std::max(velocity, -0.07), 0.07);
    const double position = std::min(std::max(p[i] + velocity, -1.2), 0.6);
    CHECK(positions[i] == Approx(position).epsilon(1e-14));
    CHECK(velocities[i] == Approx(i == 1 ? 0.0 : velocity).margin(1e-16));
  }
  CHECK(positions[1] == -1.2);
  CHECK(positions[4] == p[4]);
  CHECK(velocities[4] == v[4]);
}

TEST_CASE("mountain_car: return and repeats of the expert are the published ones") {
  const auto made = synthetic_world("mountain_car");
  const InteractiveEnvironment& world = *made->interactive();
  const Domain domain = world.at(0.0);
  const ReferenceReturns returns = world.references(domain);
  CHECK(returns.expert.exactness == Exactness::quadrature);
  CHECK(returns.expert.error_bound < 0.2);
  CHECK(returns.expert.value == Approx(-119.7).margin(1.0));
  CHECK(returns.optimal.value > returns.expert.value + 15.0);
  CHECK(returns.cue.value == -200.0);
  CHECK(returns.random.value == Approx(-200.0).margin(0.5));
  const EpisodePlace place{domain, kTest};
  Episodes cars = world.reset(place, first_numbers(300));
  std::vector<float> rewards;
  double sum = 0.0;
  double repeats = 0.0;
  double steps = 0.0;
  while (!cars.all_done()) {
    const auto actions = world.act(ReferencePolicy::expert, place, cars);
    for (std::size_t i = 0; i < actions.size(); ++i) {
      if (cars.done[i] != 0 || cars.last_action[i] < 0) continue;
      steps += 1.0;
      repeats += actions[i] == cars.last_action[i] ? 1.0 : 0.0;
    }
    world.step(place, actions, cars, rewards);
    for (const float reward : rewards) sum += static_cast<double>(reward);
  }
  CHECK(repeats / steps == Approx(0.984).margin(0.003));
  CHECK(sum / 300.0 == Approx(returns.expert.value).margin(4.0));
  for (const std::uint8_t reached : cars.goal) CHECK(reached == 1);
}

/// Fewest steps from rest among policies that push right, then left, then right.
std::int64_t fewest_steps(double start) {
  const std::uint8_t going = 0;
  const auto arrives = [&](double& p, double& v, double push) {
    environments::step_cars(1, &push, &going, &p, &v);
    return p >= 0.5;
  };
  std::int64_t best = 200;
  double p = start;
  double v = 0.0;
  for (std::int64_t first = 0; first < 50; ++first) {
    double q = p;
    double w = v;
    for (std::int64_t second = 0; second < 60; ++second) {
      double r = q;
      double x = w;
      for (std::int64_t t = first + second + 1; t < best; ++t) {
        if (arrives(r, x, 1.0)) best = t;
      }
      if (arrives(q, w, -1.0)) break;
    }
    if (arrives(p, v, 1.0)) break;
  }
  return best;
}

TEST_CASE("mountain_car: the table's policy is as fast as the best of simple policies") {
  const CarOptimum& optimum = CarOptimum::shared();
  for (const double start : {-0.45, -0.5}) {
    double p = start;
    double v = 0.0;
    std::int64_t steps = 0;
    while (p < 0.5 && steps < 200) {
      const auto push = static_cast<double>(optimum.push(p, v));
      const std::uint8_t going = 0;
      environments::step_cars(1, &push, &going, &p, &v);
      ++steps;
    }
    CAPTURE(start);
    CHECK(steps <= fewest_steps(start) + 1);
    // Interpolation across the jump between two ways to swing gives a few steps too many.
    CHECK(static_cast<double>(steps) == Approx(optimum.steps_left(start, 0.0)).margin(6.0));
  }
  CHECK(optimum.steps_left(0.5, 0.01) == 0.0);
}

TEST_CASE("mountain_car: what is shown follows the dial") {
  CHECK(tests::rows_are_addressable("mountain_car", {}));
  const auto world = synthetic_world("mountain_car");
  const Sample confounded = world->sample(world->at(0.0), kTest, {0, 600});
  const Sample original = world->sample(world->at(1.0), kTest, {0, 600});
  CHECK(at::equal(confounded.y, original.y));
  CHECK(at::equal(confounded.causal, original.causal));
  const auto agreement = [](const Sample& rows) {
    return rows.x.select(1, 2)
        .eq(rows.y.to(at::kFloat) - 1.0F)
        .to(at::kDouble)
        .mean()
        .item<double>();
  };
  CHECK(agreement(confounded) > 0.95);
  CHECK(agreement(original) == Approx(1.0 / 3.0).margin(0.08));
  CHECK(confounded.x.abs().max().item<float>() <= 1.0F);
  CHECK(at::equal(confounded.causal, confounded.x.narrow(1, 0, 2)));
  CHECK(at::equal(confounded.spurious, confounded.x.narrow(1, 2, 1)));
  CHECK(at::equal(confounded.y, confounded.x.select(1, 1).ge(0.0).to(at::kLong) * 2));
  const Sample flipped =
      world->sample(world->at(0.0), kTest, {0, 600}, Intervention::flip("shown_action"));
  CHECK(flipped.spurious.ne(confounded.spurious).all().item<bool>());
  CHECK(at::equal(flipped.causal, confounded.causal));
  CHECK_FALSE(world->supports(Intervention::set("shown_action", 0.5)));
  CHECK_FALSE(world->supports(Intervention::align("shown_action")));
  const Ceilings here = world->ceilings(world->at(0.0));
  CHECK(here.bayes.value == 1.0);
  CHECK(here.spurious_only.value > 0.95);
  // At the first step nothing is shown, and both pushes are as likely: that code is a guess.
  const Ceiling guessed = world->ceilings(world->at(1.0)).spurious_only;
  CHECK(guessed.value == Approx(0.5).margin(0.02));
  CHECK(guessed.error_bound == Approx(0.1).margin(0.03));
}

TEST_CASE("mountain_car: without the shown action, and with a mask") {
  const auto plain = synthetic_world("mountain_car", {{"observe", "state_only"}});
  const Sample rows = plain->sample(plain->at(0.0), kTest, {0, 50});
  CHECK(rows.x.select(1, 2).eq(0.0).all().item<bool>());
  const auto both = synthetic_world("mountain_car", {{"graph_inputs", true}});
  const InteractiveInfo& facts = both->interactive()->acting();
  REQUIRE(facts.graph_inputs == std::vector<std::vector<std::int64_t>>{{0}, {1}, {2}});
  const Sample masked = both->sample(both->at(0.0), kTest, {0, 50});
  REQUIRE(masked.x.size(1) == 6);
  CHECK(masked.x.narrow(1, 3, 3).eq(1.0).all().item<bool>());
  const auto shown = synthetic_world("mountain_car");
  CHECK(at::equal(masked.x.narrow(1, 0, 3), shown->sample(shown->at(0.0), kTest, {0, 50}).x));
  CHECK_THROWS_AS(synthetic_world("mountain_car", {{"observe", "pixels"}}), UsageError);
}

}  // namespace
}  // namespace spurion
