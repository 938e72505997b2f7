#include "harness/measure/action_habits.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "catch.hpp"

using spurion::Tensor;
using spurion::harness::ActionHabits;

namespace {

Tensor of(std::initializer_list<std::int64_t> values) {
  return at::tensor(std::vector<std::int64_t>(values), at::kLong).reshape({1, -1});
}

}  // namespace

TEST_CASE("habits of actions are counted within episodes that go on") {
  ActionHabits habits(1, 2);
  // Lane 0: 0 0 1 1; lane 1: 1 1, then it is over.
  const std::vector<std::pair<Tensor, Tensor>> steps = {{of({0, 1}), at::ones({1, 2}, at::kBool)},
                                                        {of({0, 1}), at::ones({1, 2}, at::kBool)},
                                                        {of({1, 0}), of({1, 0}).to(at::kBool)},
                                                        {of({1, 0}), of({1, 0}).to(at::kBool)}};
  for (std::size_t t = 0; t < steps.size(); ++t) {
    const auto step = static_cast<std::int64_t>(t);
    habits.add(steps[t].first, steps[t].second, of({step, step}));
  }
  // Followed actions: 0-0, 1-1, 0-1, 1-1: three of four repeat.
  CHECK(habits.repeat_rate().item<double>() == 0.75);
  // Each pair of last two actions occurs once, but for the first of an episode, so the rule tells
  // all of them.
  CHECK(habits.copycat_error().item<double>() == 0.0);
}

TEST_CASE("the copycat error is that of the best rule from two actions") {
  ActionHabits habits(1, 2);
  // After (none, 0) comes 0 in one lane and 1 in two.
  habits.add(of({0, 0, 0}), at::ones({1, 3}, at::kBool), of({0, 0, 0}));
  habits.add(of({0, 1, 1}), at::ones({1, 3}, at::kBool), of({1, 1, 1}));
  CHECK(habits.copycat_error().item<double>() == Approx(1.0 / 3.0));
  CHECK(std::isnan(ActionHabits(1, 2).copycat_error().item<double>()));
}
