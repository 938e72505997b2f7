#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/method_lines.hpp"
#include "analysis/questions/leaderboard/board.hpp"

namespace spurion::analysis::questions::leaderboard {

namespace {

/// As many as a chart has colours.
constexpr std::size_t kMostProfiles = 6;

/// From the smallest score to the largest of all methods, with both ends of the scale.
std::vector<double> thresholds_of(const std::vector<const Overall*>& shown) {
  double low = 0.0;
  double high = 1.0;
  for (const Overall* one : shown) {
    for (const auto& [environment, runs] : one->runs) {
      for (const auto& [seed, run] : runs) {
        low = std::min(low, run.value);
        high = std::max(high, run.value);
      }
    }
  }
  constexpr int kSteps = 60;
  std::vector<double> thresholds;
  for (int i = 0; i <= kSteps; ++i) thresholds.push_back(low + (high - low) * i / kSteps);
  return thresholds;
}

/// Those of the first ranks, with the baseline in the last place if it is not among them.
std::vector<const Overall*> shown_profiles(const std::vector<Overall>& overall,
                                           const std::string& baseline) {
  std::vector<const Overall*> shown;
  const Overall* base = nullptr;
  for (const Overall& one : overall) {
    if (one.runs.empty()) continue;
    if (shown.size() < kMostProfiles) shown.push_back(&one);
    if (base == nullptr && one.line.method == baseline) base = &one;
  }
  if (base != nullptr && std::find(shown.begin(), shown.end(), base) == shown.end()) {
    shown.back() = base;
  }
  return shown;
}

}  // namespace

Chart profile_chart(const std::vector<Overall>& overall, const std::string& experiment,
                    const BoardOptions& options) {
  Chart chart;
  chart.name = "leaderboard_profile_" + experiment;
  chart.title = fmt::format("Performance profiles: experiment '{}'", experiment);
  chart.x_label = "threshold of the normalised OOD score";
  chart.y_label = "share of runs above the threshold";
  const std::vector<const Overall*> shown = shown_profiles(overall, options.baseline);
  chart.note = fmt::format(
      "The share of all runs (a seed in an environment that has a scale) with a score above the "
      "threshold: where one line is above another everywhere, its method is better. Band: {} of a "
      "stratified bootstrap, which is too narrow with few seeds. 0: as a predictor that uses the "
      "cue only; 1: the invariant ceiling (Agarwal et al. 2021). At most {} methods are shown: the "
      "first ranks, and {}.",
      kIntervalText, kMostProfiles, options.baseline);
  if (shown.empty()) return chart;
  const std::vector<double> thresholds = thresholds_of(shown);
  for (const Overall* one : shown) {
    Series series;
    series.name = one->line.name;
    series.x = thresholds;
    series.y = performance_profile(
        one->runs, thresholds, fmt::format("leaderboard {} {} profile", experiment, series.name));
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace spurion::analysis::questions::leaderboard
