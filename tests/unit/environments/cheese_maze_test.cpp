#include <ATen/ATen.h>

#include <cmath>
#include <cstdlib>

#include "acting/reference_returns.hpp"
#include "catch.hpp"
#include "environments/shared/grids/board.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::Board;
using environments::CellSet;
using tests::kTest;
using tests::synthetic_world;

TEST_CASE("a board finds shortest ways and what can be reached") {
  const Board board(3);
  // The middle row is a wall but for its last cell.
  const CellSet open = board.all() & ~(Board::only(3) | Board::only(4));
  CHECK(environments::count(open) == 7);
  CHECK(board.distance(6, 0, open) == 6);
  CHECK(board.distance(6, 0, board.all()) == 2);
  CHECK(board.way_to(6, 0, open) == environments::kRight);
  CHECK(board.way_to(6, 0, board.all()) == environments::kUp);
  CHECK(board.open_way_to(8, 1) == environments::kUp);
  CHECK(board.open_way_to(6, 2) == environments::kUp);
  CHECK(board.way_to(4, 4, board.all()) == environments::kNowhere);
  const CellSet closed = open & ~Board::only(5);
  CHECK(board.distance(6, 0, closed) == -1);
  CHECK(board.way_to(6, 0, closed) == environments::kNowhere);
  CHECK(board.reached(6, closed) == (Board::only(6) | Board::only(7) | Board::only(8)));
  CHECK(board.step(2, environments::kRight) == environments::kNowhere);
  CHECK(environments::nth_of(open, 3) == 5);
  // The longest side, whose cells take both words of a set.
  const Board large(11);
  CHECK(environments::count(large.all()) == 121);
  CHECK(large.distance(0, 120, large.all()) == 20);
  for (int from = 0; from < 121; from += 7) {
    for (int to = 0; to < 121; to += 5) {
      CHECK(large.open_way_to(from, to) == large.way_to(from, to, large.all()));
    }
  }
}

TEST_CASE("cheese_maze: returns without walls are those of all starts, summed by hand") {
  constexpr int kSide = 5;
  const auto world = synthetic_world("cheese_maze", {{"size", kSide + 2}, {"region", 2}});
  const double discount = world->interactive()->acting().discount;
  for (const double shift : {0.0, 1.0}) {
    const int places = shift == 0.0 ? 2 : kSide;
    double optimal = 0.0;
    double cue = 0.0;
    double starts = 0.0;
    for (int r = 0; r < places; ++r) {
      for (int c = 0; c < places; ++c) {
        for (int start = 0; start < kSide * kSide; ++start) {
          int row = start / kSide;
          int column = start % kSide;
          if (row == r && column == c) continue;
          starts += 1.0;
          optimal += std::pow(discount, std::abs(row - r) + std::abs(column - c) - 1);
          for (int step = 0; row + column > 0; ++step) {
            (row >= column ? row : column) -= 1;
            if (row == r && column == c) {
              cue += std::pow(discount, step);
              break;
            }
          }
        }
      }
    }
    const ReferenceReturns known = world->interactive()->references(world->at(shift));
    CHECK(known.optimal.value == Approx(optimal / starts).epsilon(1e-12));
    CHECK(known.expert.value == known.optimal.value);
    CHECK(known.cue.value == Approx(cue / starts).epsilon(1e-12));
    CHECK(known.optimal.error_bound == 0.0);
    const Ceiling random = acting::simulated_return(*world->interactive(), world->at(shift),
                                                    ReferencePolicy::random, 4000);
    CHECK(std::abs(random.value - known.random.value) <= random.error_bound);
  }
}

TEST_CASE("cheese_maze: the mazes of the source have the source's optimal returns") {
  // 256 levels each: jaxgmg, plots/gmg-corner-13, optimal returns on and off the distribution.
  const std::vector<std::pair<std::int64_t, double>> published = {{1, 0.7696}, {4, 0.8792}};
  for (const auto& [region, mean] : published) {
    CAPTURE(region);
    const auto world = synthetic_world(
        "cheese_maze", {{"size", 13}, {"walls", 0.25}, {"horizon", 128}, {"region", region}});
    const ReferenceReturns on = world->interactive()->references(world->at(0.0));
    const double error = 3.5 * std::sqrt(mean * (1.0 - mean) / 256.0);
    CHECK(on.optimal.value == Approx(mean).margin(error + on.optimal.error_bound));
    if (region > 1) continue;
    const ReferenceReturns off = world->interactive()->references(world->at(1.0));
    CHECK(off.optimal.value == Approx(0.8819).margin(0.06));
    CHECK(off.optimal.error_bound < 0.04);
    CHECK(off.cue.value < 0.2);
    CHECK(on.cue.value == Approx(on.optimal.value).epsilon(1e-9));
  }
}

TEST_CASE("cheese_maze: a mouse moves, is stopped by walls, and the cheese ends the episode") {
  const auto world = synthetic_world("cheese_maze", {{"size", 7}, {"walls", 0.3}}, 3);
  const InteractiveEnvironment& maze = *world->interactive();
  const Domain domain = world->test_domain();
  const EpisodePlace place{domain, kTest};
  Episodes episodes = maze.reset(place, {0, 1, 2, 3, 4, 5, 6, 7});
  std::vector<float> rewards;
  const int rows[] = {-1, 0, 1, 0};
  const int columns[] = {0, -1, 0, 1};
  for (int step = 0; step < 40; ++step) {
    const Tensor seen = maze.observe(place, episodes);
    const Episodes before = episodes;
    const auto actions = maze.act(ReferencePolicy::random, place, episodes);
    maze.step(place, actions, episodes, rewards);
    for (std::int64_t i = 0; i < 8; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (before.done[at] != 0) continue;
      const auto row = static_cast<std::int64_t>(before.values(0)[i]) + 1;
      const auto column = static_cast<std::int64_t>(before.values(1)[i]) + 1;
      REQUIRE(seen[i][1][row][column].item<float>() == 1.0F);
      const auto to_row = row + rows[actions[at]];
      const auto to_column = column + columns[actions[at]];
      const bool wall = seen[i][0][to_row][to_column].item<float>() == 1.0F;
      CHECK(episodes.values(0)[i] + 1 == static_cast<double>(wall ? row : to_row));
      CHECK(episodes.values(1)[i] + 1 == static_cast<double>(wall ? column : to_column));
      const bool found = !wall && seen[i][2][to_row][to_column].item<float>() == 1.0F;
      CHECK(rewards[at] == (found ? 1.0F : 0.0F));
      CHECK((episodes.goal[at] != 0) == found);
      CHECK((episodes.done[at] != 0) == found);
    }
  }
}

TEST_CASE("cheese_maze: rows are the expert's, and twins keep the way to the cheese") {
  for (const double walls : {0.0, 0.25}) {
    CAPTURE(walls);
    const auto world = synthetic_world("cheese_maze", {{"walls", walls}});
    const Sample train = world->sample(world->train_domains().front(), kTest, {0, 300});
    // In training the way to the corner is the way to the cheese.
    if (walls == 0.0) CHECK(at::equal(train.spurious, train.causal));
    CHECK(at::equal(train.causal.select(1, 0).to(at::kLong), train.y));
    const Sample moved = world->sample(world->train_domains().front(), kTest, {0, 300},
                                       Intervention::resample("way_to_corner"));
    CHECK(at::equal(moved.y, train.y));
    CHECK(moved.spurious.ne(train.spurious).sum().item<std::int64_t>() > 30);
    // The same walls, one agent, one cheese.
    CHECK(at::equal(moved.x.select(1, 0), train.x.select(1, 0)));
    CHECK(moved.x.narrow(1, 1, 2).sum({2, 3}).eq(1.0).all().item<bool>());
    // Counted rows agree with the summed ones.
    const Sample test = world->sample(world->test_domain(), kTest, {0, 4000});
    const Ceilings known = world->ceilings(world->test_domain());
    if (walls == 0.0) {
      CHECK(test.spurious.eq(test.causal).to(at::kFloat).mean().item<double>() ==
            Approx(known.spurious_only.value).margin(0.04));
    }
    const double most = at::bincount(test.y, {}, 4).max().item<double>() / 4000.0;
    CHECK(most == Approx(known.chance).margin(0.05));
  }
  CHECK_THROWS_AS(synthetic_world("cheese_maze", {{"size", 7}, {"region", 6}}), UsageError);
}

}  // namespace
}  // namespace spurion
