#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "acting/reference_returns.hpp"
#include "catch.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::kTest;
using tests::synthetic_world;

struct Place {
  int row;
  int column;
  bool chest;
};

int steps_between(const Place& a, const Place& b) {
  return std::abs(a.row - b.row) + std::abs(a.column - b.column);
}

/// The best return over all orders of all keys and chests of a board without walls.
double best_order(const Tensor& seen, double discount, int wanted) {
  std::vector<Place> places;
  Place agent{};
  const std::int64_t side = seen.size(1);
  for (int row = 0; row < side; ++row) {
    for (int column = 0; column < side; ++column) {
      const auto shows = [&](std::int64_t channel) {
        return seen[channel][row][column].item<float>() == 1.0F;
      };
      if (shows(1)) agent = {row, column, false};
      if (shows(2)) places.push_back({row, column, false});
      if (shows(3)) places.push_back({row, column, true});
    }
  }
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), 0U);
  double best = 0.0;
  do {
    Place at = agent;
    int time = 0;
    int held = 0;
    int opened = 0;
    double sum = 0.0;
    for (const std::size_t next : order) {
      time += steps_between(at, places[next]);
      at = places[next];
      if (!at.chest) {
        ++held;
      } else if (held > 0 && opened < wanted) {
        --held;
        ++opened;
        sum += std::pow(discount, time - 1);
      }
    }
    best = std::max(best, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST_CASE("keys_and_chests: the optimal policy earns what the best of all orders earns") {
  const auto world = synthetic_world("keys_and_chests", {{"size", 7}});
  const InteractiveEnvironment& game = *world->interactive();
  const double discount = game.acting().discount;
  for (const double shift : {0.0, 1.0}) {
    const Domain domain = world->at(shift);
    const EpisodePlace place{domain, kTest};
    Episodes episodes = game.reset(place, {0, 1, 2, 3, 4, 5});
    const Tensor seen = game.observe(place, episodes);
    std::array<double, 6> returns{};
    std::vector<float> rewards;
    for (double weight = 1.0; !episodes.all_done(); weight *= discount) {
      game.step(place, game.act(ReferencePolicy::optimal, place, episodes), episodes, rewards);
      for (std::size_t i = 0; i < 6; ++i) returns[i] += weight * static_cast<double>(rewards[i]);
    }
    for (std::int64_t i = 0; i < 6; ++i) {
      const auto at = static_cast<std::size_t>(i);
      CHECK(episodes.goal[at] == 1);
      CHECK(returns[at] == Approx(best_order(seen[i], discount, 2)).epsilon(1e-6));
    }
  }
}

TEST_CASE("keys_and_chests: all keys first costs more where there are too many") {
  const auto world = synthetic_world("keys_and_chests");
  const ReferenceReturns train = world->interactive()->references(world->at(0.0));
  const ReferenceReturns test = world->interactive()->references(world->test_domain());
  for (const ReferenceReturns& known : {train, test}) {
    CHECK(known.optimal.value > known.expert.value - known.expert.error_bound);
    CHECK(known.expert.value > known.random.value);
  }
  const double train_loss = train.expert.value - train.cue.value;
  const double test_loss = test.expert.value - test.cue.value;
  CHECK(test_loss > train_loss + 0.05);
  const ReferenceReturns half = world->interactive()->references(world->at(0.5));
  CHECK(half.cue.value == Approx(0.5 * (train.cue.value + test.cue.value)).epsilon(1e-12));
}

TEST_CASE("keys_and_chests: keys are picked up, open chests, and are seen while they are held") {
  const auto world = synthetic_world("keys_and_chests", {{"size", 7}}, 2);
  const InteractiveEnvironment& game = *world->interactive();
  const Domain domain = world->test_domain();
  const EpisodePlace place{domain, kTest};
  Episodes episodes = game.reset(place, {0, 1, 2, 3, 4, 5, 6, 7});
  std::vector<float> rewards;
  while (!episodes.all_done()) {
    const Tensor before = game.observe(place, episodes);
    const Episodes past = episodes;
    game.step(place, game.act(ReferencePolicy::cue, place, episodes), episodes, rewards);
    const Tensor after = game.observe(place, episodes);
    for (std::int64_t i = 0; i < 8; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (past.done[at] != 0) continue;
      const auto number = [&](const Tensor& seen, std::int64_t channel) {
        return seen[i][channel].sum().item<double>();
      };
      const double picked = number(before, 2) - number(after, 2);
      const double opened = number(before, 3) - number(after, 3);
      CHECK(number(after, 4) - number(before, 4) == picked - opened);
      CHECK(static_cast<double>(rewards[at]) == opened);
      CHECK(past.values(2)[i] == number(before, 4));
      CHECK((episodes.proxy[at] != 0) == (number(after, 2) == 0.0));
    }
  }
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(episodes.goal[i] == 1);
    CHECK(episodes.proxy[i] == 1);
  }
}

TEST_CASE("keys_and_chests: twins have other keys and the same action of the expert") {
  const auto world = synthetic_world("keys_and_chests", {{"walls", 0.2}});
  for (const Domain& domain : {world->at(0.0), world->at(1.0)}) {
    const Sample rows = world->sample(domain, kTest, {0, 200});
    const Sample twins =
        world->sample(domain, kTest, {0, 200}, Intervention::resample("way_to_key"));
    CHECK(at::equal(rows.causal.select(1, 0).to(at::kLong), rows.y));
    // In training a key is nearly always useful, so few twins can have another way to one.
    CHECK(twins.spurious.ne(rows.spurious).sum().item<std::int64_t>() > 5);
    for (const std::int64_t channel : {0, 1, 3, 4}) {
      CHECK(at::equal(rows.x.select(1, channel), twins.x.select(1, channel)));
    }
    CHECK(at::equal(rows.x.select(1, 2).sum({1, 2}), twins.x.select(1, 2).sum({1, 2})));
  }
  CHECK_THROWS_AS(synthetic_world("keys_and_chests", {{"horizon", 20}}), UsageError);
}

}  // namespace
}  // namespace spurion
