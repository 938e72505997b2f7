#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/questions/leaderboard/board.hpp"

namespace spurion::analysis::questions::leaderboard {

namespace {

void add_dot(Series& series, std::size_t row, const Estimate& estimate) {
  if (estimate.count == 0 || !std::isfinite(estimate.value)) return;
  series.x.push_back(static_cast<double>(row));
  series.y.push_back(estimate);
}

/// The same number in every row of a chart.
Series guide(const char* name, double value, std::size_t rows) {
  Series series;
  series.name = name;
  series.reference = true;
  if (!std::isfinite(value)) return series;
  for (std::size_t i = 0; i < rows; ++i) {
    series.x.push_back(static_cast<double>(i));
    series.y.push_back({value, value, value, 1, 1});
  }
  return series;
}

/// Dots of methods with whiskers, the first rank on top.
Chart method_dots(const std::string& name, const std::string& title, const std::string& score) {
  Chart chart;
  chart.kind = ChartKind::dot;
  chart.name = name;
  chart.title = title;
  chart.x_label = "method";
  chart.y_label = score;
  return chart;
}

/// Lines at the two ceilings, over all rows of a chart.
void add_ceilings(Chart& chart, double cue_only, double invariant) {
  chart.series.push_back(guide("cue only", cue_only, chart.categories.size()));
  chart.series.push_back(guide("invariant ceiling", invariant, chart.categories.size()));
}

/// Methods over all environments, as dots on the scale of ceilings.
Chart overall_dots(const Leaderboard& board) {
  Chart chart =
      method_dots("leaderboard_dots_" + board.experiment,
                  fmt::format("Methods over all environments: experiment '{}'", board.experiment),
                  "normalised OOD score");
  chart.note = fmt::format(
      "Dot: mean over the environments that have a scale; whisker: {} over seeds. 0: as a "
      "predictor that uses the cue only; 1: the invariant ceiling. The first rank is on top.",
      kIntervalText);
  chart.series = {{"normalised OOD", {}, {}}};
  for (const Overall& one : board.overall) {
    if (one.normalised.count == 0) continue;
    add_dot(chart.series.front(), chart.categories.size(), one.normalised);
    chart.categories.push_back(one.line.name);
  }
  add_ceilings(chart, 0.0, 1.0);
  return chart;
}

/// The scores of an environment as dots, with its ceilings.
Chart board_dots(const Leaderboard& all, const Board& board) {
  Chart chart = method_dots(fmt::format("leaderboard_{}_{}", all.experiment, board.environment),
                            fmt::format("Scores in {}", board.environment),
                            board.accuracy ? "accuracy" : "mean squared error");
  chart.note = fmt::format(
      "Whisker: {} over seeds. The lines are the ceilings of the test domain. The first rank is on "
      "top.",
      kIntervalText);
  chart.series = {{"in distribution", {}, {}}, {"out of distribution", {}, {}}};
  for (const Standing& one : board.standings) {
    if (one.ood_mean.count == 0 && one.id_mean.count == 0) continue;
    add_dot(chart.series[0], chart.categories.size(), one.id_mean);
    add_dot(chart.series[1], chart.categories.size(), one.ood_mean);
    chart.categories.push_back(one.line.name);
  }
  add_ceilings(chart, board.cue_only, board.invariant);
  return chart;
}

/// A row a method, a column an environment that has a scale.
Chart heat_map(const Leaderboard& board) {
  Chart chart;
  chart.kind = ChartKind::heat_map;
  chart.name = "leaderboard_map_" + board.experiment;
  chart.title = fmt::format("Methods and environments: experiment '{}'", board.experiment);
  chart.x_label = "environment";
  chart.series_label = "method";
  chart.y_label = "normalised OOD score";
  chart.note = fmt::format(
      "Each cell is the mean over seeds with its {}. 0: as a predictor that uses the cue only; 1: "
      "the invariant ceiling. *: the model did not learn in distribution, so its score has no "
      "meaning.",
      kIntervalText);
  std::vector<const Board*> columns;
  for (const Board& one : board.boards) {
    if (!one.normalised()) continue;
    columns.push_back(&one);
    chart.categories.push_back(one.environment);
  }
  for (const Overall& method : board.overall) {
    Series series;
    series.name = method.line.name;
    for (std::size_t column = 0; column < columns.size(); ++column) {
      for (const Standing& one : columns[column]->standings) {
        if (one.line.name != method.line.name || one.normalised_mean.count == 0) continue;
        add_dot(series, column, one.normalised_mean);
        series.doubtful.push_back(one.learned == Learned::no);
      }
    }
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

std::vector<Chart> charts_of(const Leaderboard& leaderboard) {
  std::vector<Chart> charts;
  if (leaderboard.several()) {
    Chart map = heat_map(leaderboard);
    Chart dots = overall_dots(leaderboard);
    if (!dots.categories.empty()) charts.push_back(std::move(dots));
    Chart profile = profile_chart(leaderboard.overall, leaderboard.experiment, leaderboard.options);
    if (!profile.series.empty()) charts.push_back(std::move(profile));
    if (!map.categories.empty() && !map.series.empty()) charts.push_back(std::move(map));
  }
  for (const Board& one : leaderboard.boards) {
    Chart dots = board_dots(leaderboard, one);
    if (dots.categories.empty()) continue;
    if (leaderboard.several()) dots.panel = "Scores in each environment.";
    charts.push_back(std::move(dots));
  }
  return charts;
}

}  // namespace spurion::analysis::questions::leaderboard
