#include <ATen/ATen.h>

#include <cmath>

#include "acting/reference_returns.hpp"
#include "catch.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::kTest;
using tests::synthetic_world;

TEST_CASE("tree_harvest: always chopping ends the forest where growth depends on it") {
  const auto world = synthetic_world("tree_harvest");
  const InteractiveEnvironment& forest = *world->interactive();
  const auto life = static_cast<double>(forest.acting().horizon);
  CHECK(forest.acting().without_resets);
  const ReferenceReturns test = forest.references(world->test_domain());
  // The largest growth is that of nine trees: 0.3 log 10 / log 11 = 0.288 a step.
  const double most = 10.0 + 0.3 * std::log(10.0) / std::log(11.0) * (life - 1.0);
  CHECK(test.expert.value / life > 0.24);
  CHECK(test.expert.value < most);
  CHECK(test.optimal.value + test.optimal.error_bound >= most);
  CHECK(test.optimal.value == test.expert.value);
  CHECK(test.cue.value / life < 0.09);
  // In training the forest always grows, and chopping at once is right.
  const ReferenceReturns train = forest.references(world->train_domains().front());
  CHECK(train.cue.value / life == Approx(0.3).margin(0.03));
  CHECK(train.optimal.value == train.cue.value);
  CHECK(train.expert.value > 0.9 * train.cue.value);
}

TEST_CASE("tree_harvest: trees grow at the stated rate and only where nothing stands") {
  const auto world = synthetic_world("tree_harvest", {{"life", 400}});
  const InteractiveEnvironment& forest = *world->interactive();
  const Domain domain = world->test_domain();
  const EpisodePlace place{domain, kTest};
  std::vector<std::int64_t> numbers(64);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
  Episodes episodes = forest.reset(place, numbers);
  std::vector<float> rewards;
  double expected = 0.0;
  double variance = 0.0;
  double grown = 0.0;
  for (int step = 0; step < 120; ++step) {
    const Tensor before = forest.observe(place, episodes).select(1, 1).sum({1, 2});
    forest.step(place, forest.act(ReferencePolicy::random, place, episodes), episodes, rewards);
    const Tensor seen = forest.observe(place, episodes);
    const Tensor after = seen.select(1, 1).sum({1, 2});
    // Nothing stands where the agent is.
    CHECK((seen.select(1, 0) * seen.select(1, 1)).sum().item<double>() == 0.0);
    for (std::int64_t i = 0; i < 64; ++i) {
      const double left =
          before[i].item<double>() - static_cast<double>(rewards[static_cast<std::size_t>(i)]);
      CHECK(episodes.values(2)[i] == after[i].item<double>());
      if (left >= 10.0) continue;
      const double p = std::max(1e-6, 0.3 * std::log(1.0 + left) / std::log(11.0));
      expected += p;
      variance += p * (1.0 - p);
      grown += after[i].item<double>() - left;
    }
  }
  CHECK(std::abs(grown - expected) < 5.0 * std::sqrt(variance));
}

TEST_CASE("tree_harvest: the expert waits beside a tree while few stand") {
  const auto world = synthetic_world("tree_harvest");
  const Sample rows = world->sample(world->test_domain(), kTest, {0, 400});
  const Tensor standing = rows.x.select(1, 1).sum({1, 2});
  const Tensor waits = rows.y.eq(4);
  CHECK(waits.any().item<bool>());
  CHECK(standing.masked_select(waits).max().item<float>() <= 7.0F);
  // Where more stand it does what the nearest tree says.
  const Tensor many = standing.gt(7);
  CHECK(at::equal(rows.spurious.select(1, 0).masked_select(many).to(at::kLong),
                  rows.y.masked_select(many)));
  const Sample twins =
      world->sample(world->test_domain(), kTest, {0, 400}, Intervention::resample("way_to_tree"));
  CHECK(at::equal(twins.y, rows.y));
  CHECK(twins.spurious.ne(rows.spurious).sum().item<std::int64_t>() > 40);
  CHECK(at::equal(twins.x.sum({2, 3}), rows.x.sum({2, 3})));
  CHECK_THROWS_AS(synthetic_world("tree_harvest", {{"kept", 10}}), UsageError);
}

}  // namespace
}  // namespace spurion
