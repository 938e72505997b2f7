#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

#include "analysis/questions/scaling_law/law_answer.hpp"

namespace spurion::analysis::questions::scaling_law {

namespace {

/// The gap over the first two axes; a third axis is fixed at its largest value.
Chart map_of(const LawAnswer& answer, const JudgedLine& one) {
  const LawOptions& options = answer.options;
  Chart chart;
  chart.kind = ChartKind::heat_map;
  chart.name =
      fmt::format("{}_map_{}_{}", answer.name(), one.numbers.environment, one.numbers.line.name);
  chart.title = fmt::format("{} of {}", options.what(), answer.called(one));
  chart.x_label = options.axis;
  chart.series_label = options.second_axis;
  chart.y_label = options.what();
  chart.levels = {
      {fmt::format("{} = {} (margin)", options.what(), options.margin), options.margin}};
  chart.note = fmt::format(
      "Each cell is the mean over seeds with its {}. The line is where the {} crosses the margin: "
      "on one side it is closed, on the other it is open. Between the dashed lines it is not shown "
      "on which side it is.",
      kIntervalText, options.what());
  double deepest = 0.0;
  std::set<double> columns;
  for (const auto& [scale, numbers] : one.numbers.scales) {
    columns.insert(scale[0]);
    if (scale.size() > 2) deepest = std::max(deepest, scale[2]);
  }
  if (!options.third_axis.empty()) {
    chart.note += fmt::format(" {} = {}.", options.third_axis, deepest);
  }
  for (const double column : columns) chart.categories.push_back(fmt::format("{}", column));
  std::map<double, Series> rows;
  for (const fits::ScaleSummary& scale : one.law().scales) {
    if (scale.scale.size() > 2 && scale.scale[2] != deepest) continue;
    Series& row = rows[scale.scale[1]];
    row.name = fmt::format("{}", scale.scale[1]);
    row.x.push_back(
        static_cast<double>(std::distance(columns.begin(), columns.find(scale.scale[0]))));
    row.y.push_back(scale.gap);
  }
  for (auto& [place, row] : rows) chart.series.push_back(std::move(row));
  return chart;
}

/// The smallest number that a budget or any below it gave, as a staircase that ends where it
/// reaches 0: below there is nothing to gain.
Series envelope(const Series& points, const std::string& name) {
  Series out;
  out.name = name + ", least for the budget";
  out.look = SeriesLook::curve;
  for (std::size_t i = 0; i < points.x.size(); ++i) {
    const double value = points.y[i].value;
    if (!out.y.empty()) {
      const double least = out.y.back().value;
      out.x.push_back(points.x[i]);
      out.y.push_back({least, least, least, 1, 1});
      if (value >= least) continue;
    }
    if (!(value > 0.0)) break;
    out.x.push_back(points.x[i]);
    out.y.push_back({value, value, value, 1, 1});
  }
  return out;
}

/// Budgets of one environment: `cells` are the numbers of one.
Chart budget_chart(const LawAnswer& answer, const std::string& environment,
                   SeedCells Budget::*cells, bool ood) {
  Chart chart;
  const std::string what = ood ? answer.options.what() : "ID shortfall";
  chart.name = fmt::format("{}_frontier_{}_{}", answer.name(), ood ? "ood" : "id", environment);
  chart.title = fmt::format("{} for a training budget in {}", what, environment);
  chart.x_label = "FLOP of training";
  chart.y_label = what;
  chart.log_x = chart.log_y = true;
  chart.note =
      "Points: each scale at each measured update, mean over seeds. Line: the smallest number that "
      "the budget or a smaller one gives (the compute-optimal frontier).";
  for (const JudgedLine& one : answer.lines) {
    if (one.numbers.environment != environment) continue;
    Series points;
    points.name = one.numbers.line.name;
    points.look = SeriesLook::points;
    for (const Budget& budget : one.numbers.budgets) {
      const std::vector<double> seeds = (budget.*cells).seed_means();
      if (seeds.empty()) continue;
      const double value = mean(seeds);
      points.x.push_back(budget.flops);
      points.y.push_back({value, value, value, static_cast<std::int64_t>(seeds.size()), 1});
    }
    constexpr std::size_t kFewest = 3;
    if (points.x.size() < kFewest) continue;
    Series least = envelope(points, points.name);
    least.colour_of = static_cast<int>(chart.series.size());
    chart.series.push_back(std::move(points));
    chart.series.push_back(std::move(least));
  }
  return chart;
}

}  // namespace

std::vector<Chart> map_charts(const LawAnswer& answer) {
  std::vector<Chart> charts;
  for (const JudgedLine& one : answer.lines) {
    if (!one.law().scales.empty()) charts.push_back(map_of(answer, one));
  }
  if (charts.size() > 1) {
    for (Chart& chart : charts) {
      chart.panel = fmt::format("The {} over {} and {}, by method.", answer.options.what(),
                                answer.options.axis, answer.options.second_axis);
    }
  }
  return charts;
}

std::vector<Chart> budget_charts(const LawAnswer& answer) {
  std::vector<Chart> charts;
  std::set<std::string> known;
  for (const JudgedLine& one : answer.lines) {
    const std::string& environment = one.numbers.environment;
    if (!known.insert(environment).second) continue;
    for (const bool ood : {true, false}) {
      charts.push_back(
          budget_chart(answer, environment, ood ? &Budget::value : &Budget::shortfall, ood));
      charts.back().panel = "What a training budget gives at best, out of distribution and in it.";
    }
  }
  return charts;
}

}  // namespace spurion::analysis::questions::scaling_law
