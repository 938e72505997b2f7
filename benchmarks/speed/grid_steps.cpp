// Steps a second of a grid world on one core, in batches of episodes, against a plain loop over one
// episode after the other that computes the same, and against the memory bandwidth of the core.
// Prints JSON; no time is reported if both sides do not end in the same states.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "measure.hpp"
#include "spurion/error.hpp"
#include "spurion/interactive.hpp"
#include "world_steps.hpp"

namespace {

using namespace spurion;

using speed::kEpisodes;
using speed::kSteps;
using speed::Measured;

constexpr double kStepsBar = 2e7;  ///< wanted steps a second

/// One episode of the maze without walls, as one would write it down first.
struct Mouse {
  int row = 0;
  int column = 0;
  int cheese_row = 0;
  int cheese_column = 0;
  int steps = 0;
  bool done = false;
  bool goal = false;
  bool proxy = false;
};

/// Returns the reward.
float plain_step(Mouse& mouse, std::int64_t action, int side, int horizon) {
  if (mouse.done) return 0.0F;
  switch (action) {
    case 0:
      if (mouse.row > 0) --mouse.row;
      break;
    case 1:
      if (mouse.column > 0) --mouse.column;
      break;
    case 2:
      if (mouse.row + 1 < side) ++mouse.row;
      break;
    default:
      if (mouse.column + 1 < side) ++mouse.column;
      break;
  }
  if (mouse.row == 0 && mouse.column == 0) mouse.proxy = true;
  float reward = 0.0F;
  if (mouse.row == mouse.cheese_row && mouse.column == mouse.cheese_column) {
    reward = 1.0F;
    mouse.done = mouse.goal = true;
  }
  if (++mouse.steps >= horizon) mouse.done = true;
  return reward;
}

Measured measure(std::int64_t size) {
  Value given = Value::Table{};
  given.as_table()["size"] = size;
  const auto world = speed::made_world("cheese_maze", given);
  const InteractiveEnvironment& maze = *world->interactive();
  const Domain domain = world->test_domain();
  const EpisodePlace place{domain, Split::test};

  const std::vector<std::int64_t> numbers = speed::episode_numbers();
  const Episodes start = maze.reset(place, numbers);
  std::vector<std::vector<std::int64_t>> actions;
  const RandomStream draws(RandomKey(0));
  for (std::int64_t step = 0; step < kSteps; ++step) {
    actions.emplace_back();
    for (const std::int64_t number : numbers) {
      actions.back().push_back(draws.below(4, number, step));
    }
  }
  std::vector<Mouse> mice;
  for (std::int64_t i = 0; i < kEpisodes; ++i) {
    const auto at = [&](std::int64_t s) { return static_cast<int>(start.values(s)[i]); };
    mice.push_back({at(0), at(1), at(2), at(3), 0, false, false, false});
  }

  Measured out;
  Episodes episodes;
  std::vector<float> rewards;
  float earned = 0.0F;
  out.batch_seconds = speed::seconds_per_call([&] {
    episodes = start;
    earned = 0.0F;
    for (const auto& now : actions) {
      maze.step(place, now, episodes, rewards);
      for (const float reward : rewards) earned += reward;
    }
  });
  std::vector<Mouse> running;
  float plain_earned = 0.0F;
  const auto side = static_cast<int>(size - 2);
  const auto horizon = static_cast<int>(maze.acting().horizon);
  out.plain_seconds = speed::seconds_per_call([&] {
    running = mice;
    plain_earned = 0.0F;
    for (std::size_t i = 0; i < running.size(); ++i) {
      for (const auto& now : actions) {
        plain_earned += plain_step(running[i], now[i], side, horizon);
      }
    }
  });
  for (std::int64_t i = 0; i < kEpisodes; ++i) {
    const Mouse& mouse = running[static_cast<std::size_t>(i)];
    if (episodes.values(0)[i] != mouse.row || episodes.values(1)[i] != mouse.column ||
        episodes.step[static_cast<std::size_t>(i)] != mouse.steps || earned != plain_earned) {
      throw LogicError("the plain loop ends in another state");
    }
    out.steps += mouse.steps;
  }
  return out;
}

}  // namespace

int main() try {
  speed::use_one_core();
  // Numbers of a step: two of the place read and written, two of the cheese, action, last action,
  // steps read and written (8 bytes each), reward (4), done read, copied and read again (3).
  constexpr double kBytesOfStep = 10 * 8 + 4 + 3;
  const double bytes = speed::copy_bandwidth();
  fmt::print("{{\n  \"rows\": [\n");
  bool first = true;
  for (const std::int64_t size : {7, 13}) {
    const Measured found = measure(size);
    const std::string name = fmt::format("cheese_maze of {0} x {0}", size);
    speed::print_row(first, {name, kStepsBar, kBytesOfStep}, found, bytes);
    first = false;
  }
  fmt::print("\n  ]\n}}\n");
} catch (const spurion::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
