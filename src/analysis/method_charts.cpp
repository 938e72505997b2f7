#include "analysis/method_charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "analysis/by_layout.hpp"
#include "core/measurement_names.hpp"

namespace spurion::analysis {

namespace {

/// Points that a person can tell apart, and a page can hold.
constexpr std::size_t kMostPoints = 600;

using Lines = std::vector<const LineScores*>;

/// The lines of each environment that they are told apart by; under "" where they are not.
std::map<std::string, Lines> by_environment(const std::vector<LineScores>& lines) {
  std::map<std::string, Lines> parts;
  for (const LineScores& one : lines) parts[one.line.environment].push_back(&one);
  return parts;
}

/// Names a chart after its part, and lays the charts of several parts side by side.
void place(Chart& chart, const std::string& environment, std::size_t parts,
           const std::string& panel) {
  if (environment.empty()) return;
  chart.name += "_" + environment;
  chart.title += ", " + environment;
  if (parts > 1) chart.panel = panel;
}

/// The scores of the trials of a line, every `step`-th of them.
Series points_of(const ResultsView& view, const LineScores& one, std::size_t step,
                 std::size_t& met) {
  Series series;
  series.name = one.line.name;
  NumberFinder id_of(core::stored_domain(core::MeasuredIn::in_distribution), view.score());
  NumberFinder ood_of(core::stored_domain(core::MeasuredIn::test), view.score());
  for (const ResultsView::Row& row : view.rows(one.line)) {
    const auto id = id_of(*row.trial);
    const auto ood = ood_of(*row.trial);
    if (!id || !ood || met++ % step != 0) continue;
    series.x.push_back(*id);
    series.y.push_back({*ood, *ood, *ood, 1, 1});
  }
  return series;
}

Series diagonal(const std::vector<Series>& all) {
  Series line;
  line.name = "no gap";
  line.reference = true;
  double low = 0.0;
  double high = 0.0;
  bool any = false;
  for (const Series& series : all) {
    for (const double x : series.x) {
      low = any ? std::min(low, x) : x;
      high = any ? std::max(high, x) : x;
      any = true;
    }
  }
  if (!any) return line;
  line.x = {low, high};
  line.y = {{low, low, low, 1, 1}, {high, high, high, 1, 1}};
  return line;
}

}  // namespace

std::vector<Chart> score_bars(const ResultsView& view, const std::string& experiment,
                              const std::vector<LineScores>& lines) {
  std::vector<Chart> charts;
  const auto parts = by_environment(lines);
  for (const auto& [environment, part] : parts) {
    Chart chart;
    chart.kind = ChartKind::bar;
    chart.name = "scores_" + experiment;
    chart.title = fmt::format("Scores in and out of distribution: experiment '{}'", experiment);
    chart.x_label = "method";
    chart.y_label = view.score_text();
    chart.note = fmt::format("Whisker: {} of the mean over seeds.", kIntervalText);
    chart.series = {{"in distribution", {}, {}}, {"out of distribution", {}, {}}};
    for (const LineScores* one : part) {
      const auto row = static_cast<double>(chart.categories.size());
      if (one->id.count == 0 && one->ood.count == 0) continue;
      chart.categories.push_back(one->line.name);
      for (const auto& [series, estimate] :
           {std::pair(&chart.series[0], &one->id), std::pair(&chart.series[1], &one->ood)}) {
        if (estimate->count == 0) continue;
        series->x.push_back(row);
        series->y.push_back(*estimate);
      }
    }
    place(chart, environment, parts.size(), "Scores in and out of distribution, by environment.");
    if (!chart.categories.empty()) charts.push_back(std::move(chart));
  }
  return charts;
}

std::vector<Chart> score_points(const ResultsView& view, const std::string& experiment,
                                const std::vector<LineScores>& lines) {
  std::vector<Chart> charts;
  const auto parts = by_environment(lines);
  const std::size_t step = 1 + view.rows().size() / kMostPoints;
  for (const auto& [environment, part] : parts) {
    Chart chart;
    chart.kind = ChartKind::scatter;
    chart.name = "trials_" + experiment;
    chart.title = fmt::format("Each trial: experiment '{}'", experiment);
    chart.x_label = view.score_text() + " in distribution";
    chart.y_label = view.score_text() + " out of distribution";
    chart.note = "Each point is a trial. On the dashed line there is no gap.";
    if (step > 1) {
      chart.note += fmt::format(" Of {} trials every {}th is shown; csv/results.csv has all.",
                                view.rows().size(), step);
    }
    std::size_t met = 0;
    std::size_t shown = 0;
    for (const LineScores* one : part) {
      chart.series.push_back(points_of(view, *one, step, met));
      shown += chart.series.back().x.size();
    }
    if (shown < 2) continue;
    chart.series.push_back(diagonal(chart.series));
    place(chart, environment, parts.size(), "Each trial, by environment.");
    charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace spurion::analysis
