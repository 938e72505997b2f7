#include "environments/empirical_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "spurion/error.hpp"

namespace spurion {

namespace {

constexpr std::int64_t kMostClasses = 1000;

/// The values that occur, sorted; none when there are too many.
std::vector<double> levels_of(const std::vector<double>& column) {
  std::set<double> found;
  for (const double value : column) {
    found.insert(value);
    if (found.size() > EmpiricalRows::kMostLevels) return {};
  }
  return {found.begin(), found.end()};
}

}  // namespace

void EmpiricalRows::complete() {
  cue_levels = levels_of(spurious);
  causal_levels = levels_of(causal);
  SPURION_CHECK(!twin_x.defined() || cue_levels.size() == 2,
                "twins of rows need a cue of two values");
  if (regression()) {
    const auto [low, high] = std::minmax_element(target.begin(), target.end());
    if (*low == *high) {
      throw DataError(fmt::format("{}: every label is {}; expected labels that vary", place, *low));
    }
    return;
  }
  classes = *std::max_element(label.begin(), label.end()) + 1;
  if (classes > kMostClasses) {
    throw DataError(fmt::format("{}: label {} is there; expected labels below {}", place,
                                classes - 1, kMostClasses));
  }
  if (std::all_of(label.begin(), label.end(),
                  [&](std::int64_t one) { return one == label.front(); })) {
    throw DataError(
        fmt::format("{}: every label is {}; expected two classes or more", place, label.front()));
  }
}

}  // namespace spurion
