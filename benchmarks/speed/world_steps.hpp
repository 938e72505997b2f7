#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/interactive.hpp"

/// \file
/// What the programs share that measure steps a second of interactive environments.

namespace spurion::speed {

constexpr std::int64_t kEpisodes = 4096;  ///< side by side
constexpr std::int64_t kSteps = 32;       ///< of each episode

/// Seconds of the same steps in batches, and in a plain loop.
struct Measured {
  double steps = 0.0;          ///< that were taken by episodes that were not over
  double batch_seconds = 0.0;  ///< of all of them
  double plain_seconds = 0.0;  ///< of all of them
};

/// A built-in environment with these options and seed 0.
inline std::unique_ptr<Environment> made_world(const std::string& name, const Value& given) {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at(name);
  Problems problems;
  const Value options = entry.schema.normalise(given, name, problems);
  problems.raise();
  return entry.make({options}, EnvironmentContext{0, nullptr});
}

/// 0 to kEpisodes - 1.
inline std::vector<std::int64_t> episode_numbers() {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < kEpisodes; ++i) numbers.push_back(i);
  return numbers;
}

/// What a program wants of an environment, and what its steps move.
struct StepsRow {
  std::string environment;     ///< as the row calls it
  double bar = 0.0;            ///< wanted steps a second
  double bytes_of_step = 0.0;  ///< read and written
};

/// Prints one JSON row; `bandwidth`: bytes a second that the core copies.
inline void print_row(bool first, const StepsRow& row, const Measured& found, double bandwidth) {
  const double steps = found.steps / found.batch_seconds;
  fmt::print(
      "{}    {{\"environment\": \"{}\", \"batch\": {}, \"steps_per_second\": {:.4g}, "
      "\"bar_steps_per_second\": {}, \"times_plain_loop\": {:.3f}, "
      "\"share_of_bandwidth\": {:.3f}}}",
      first ? "" : ",\n", row.environment, kEpisodes, steps, row.bar,
      found.plain_seconds / found.batch_seconds, steps * row.bytes_of_step / bandwidth);
}

}  // namespace spurion::speed
