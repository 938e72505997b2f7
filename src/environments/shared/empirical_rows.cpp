#include "environments/shared/empirical_rows.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

/// The values that occur, sorted; none when there are too many.
std::vector<double> levels_of(const std::vector<double>& column) {
  std::set<double> found;
  for (const double value : column) {
    found.insert(value);
    if (found.size() > EmpiricalRows::kMostLevels) return {};
  }
  return {found.begin(), found.end()};
}

/// Samples hold these columns as float32.
void check_levels(const std::string& place, const char* column, const std::vector<double>& levels) {
  for (std::size_t i = 1; i < levels.size(); ++i) {
    if (static_cast<float>(levels[i - 1]) != static_cast<float>(levels[i])) continue;
    throw DataError(fmt::format("{}: the values {} and {} of the {} are one number in float32",
                                place, levels[i - 1], levels[i], column));
  }
}

}  // namespace

std::string float32_problem(double value) {
  constexpr double kWhole = 9007199254740992.0;  // 2^53: beyond it a double is rounded itself
  const auto held = static_cast<float>(value);
  if (!std::isfinite(held)) return fmt::format("{} is beyond float32", value);
  if (static_cast<double>(held) == value || value != std::floor(value) ||
      std::fabs(value) > kWhole) {
    return {};
  }
  return fmt::format(
      "{} is a whole number that float32 does not hold (it holds all up to 16777216); scale the "
      "numbers",
      value);
}

void EmpiricalRows::complete() {
  cue_levels = levels_of(spurious);
  causal_levels = levels_of(causal);
  check_levels(place, "cue", cue_levels);
  check_levels(place, "causal feature", causal_levels);
  SPURION_CHECK(!twin_x.defined() || cue_levels.size() == 2,
                "twins of rows need a cue of two values");
  if (twin_x.defined() && twin_x.equal(x)) {
    throw DataError(
        fmt::format("{}: every twin is the same as its image; expected twins that show the other "
                    "value of the cue",
                    place));
  }
  if (regression()) {
    const auto [low, high] = std::minmax_element(target.begin(), target.end());
    if (*low == *high) {
      throw DataError(fmt::format("{}: every label is {}; expected labels that vary", place, *low));
    }
    return;
  }
  classes = *std::max_element(label.begin(), label.end()) + 1;
}

}  // namespace spurion::environments
