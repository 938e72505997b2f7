#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>

#include "analysis/questions/compare_policies/policy_answer.hpp"
#include "core/measurement_names.hpp"

namespace spurion::analysis::questions {

namespace {

/// Bounds of the bins of the confusion index.
constexpr std::array<double, 4> kIndexBins = {0.125, 0.375, 0.625, 0.875};

Estimate known_point(double value) {
  Estimate out;
  out.value = out.low = out.high = value;
  out.count = 1;
  return out;
}

Chart returns_chart(const ActingFindings& findings) {
  Chart chart;
  chart.name = "returns_" + findings.experiment;
  chart.title = "Returns";
  chart.kind = ChartKind::dot;
  chart.y_label = fmt::format("return in domain '{}'", findings.options.domain);
  chart.note = fmt::format(
      "Whiskers: {} over seeds. The other points are returns that are known from the environment.",
      kIntervalText);
  Series reached{"policy", {}, {}};
  Series optimal{"best policy", {}, {}};
  Series cue{"follows the cue only", {}, {}};
  Series random{"random actions", {}, {}};
  for (std::size_t i = 0; i < findings.lines.size(); ++i) {
    const ActingLine& line = findings.lines[i];
    const auto x = static_cast<double>(i);
    chart.categories.push_back(line.name);
    reached.x.push_back(x);
    reached.y.push_back(line.reached);
    const auto add = [&](Series& series, double value) {
      if (std::isnan(value)) return;
      series.x.push_back(x);
      series.y.push_back(known_point(value));
    };
    add(optimal, line.best);
    add(cue, line.by_cue);
    add(random, line.by_chance);
  }
  for (Series* series : {&reached, &optimal, &cue, &random}) {
    if (!series->x.empty()) chart.series.push_back(std::move(*series));
  }
  return chart;
}

/// How the seeds of each line lie between the best policy and the one that follows the cue.
Chart seeds_chart(const ActingFindings& findings) {
  Chart chart;
  chart.name = "confused_seeds_" + findings.experiment;
  chart.title = "Seeds by confusion index";
  chart.kind = ChartKind::bar;
  chart.y_label = "share of seeds";
  chart.x_label = "confusion index of the return";
  chart.note =
      "0: the return of the best policy; 1: the return of the policy that follows the cue only. "
      "Seeds of one line may fall into two groups, which a mean would hide.";
  chart.categories = {"below 0.125", "0.125 to 0.375", "0.375 to 0.625", "0.625 to 0.875",
                      "0.875 or more"};
  for (const ActingLine& line : findings.lines) {
    const std::vector<double> values = line.confusion.seed_means();
    if (values.empty()) continue;
    std::array<double, kIndexBins.size() + 1> shares{};
    for (const double value : values) {
      std::size_t bin = 0;
      while (bin < kIndexBins.size() && value >= kIndexBins[bin]) ++bin;
      shares[bin] += 1.0 / static_cast<double>(values.size());
    }
    Series series{line.name, {}, {}};
    for (std::size_t bin = 0; bin < shares.size(); ++bin) {
      series.x.push_back(static_cast<double>(bin));
      series.y.push_back(known_point(shares[bin]));
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

/// Returns along the dial.
Chart dial_chart(const ActingFindings& findings) {
  Chart chart;
  chart.name = "return_curve_" + findings.experiment;
  chart.title = "Return along the shift";
  chart.x_label = "shift";
  chart.y_label = "return";
  chart.note = fmt::format("Bands: {} over seeds.", kIntervalText);
  const std::string& metric = core::stored_name(core::MetricId::mean_return);
  for (const ActingLine& line : findings.lines) {
    std::map<double, SeedCells> points;
    for (const ResultsView::Row& row : findings.view.rows(line.line)) {
      for (const MeasurementRow measured : row.trial->measurements) {
        if (measured.metric != metric) continue;
        const core::DomainKey where = core::parse_domain(measured.domain);
        if (where.in != core::MeasuredIn::shift_value) continue;
        points[where.shift].add("", row.trial->spec.seed, measured.value);
      }
    }
    if (points.size() < 2) continue;
    Series series{line.name, {}, {}};
    for (const auto& [shift, cells] : points) {
      series.x.push_back(shift);
      series.y.push_back(
          cells.estimate(fmt::format("{} {} return at {}", findings.experiment, line.name, shift)));
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

std::vector<Chart> acting_charts(const ActingFindings& findings) {
  std::vector<Chart> charts;
  for (Chart chart : {returns_chart(findings), seeds_chart(findings), dial_chart(findings)}) {
    if (!chart.series.empty()) charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace spurion::analysis::questions
