#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/questions/authenticity/authenticity_answer.hpp"

namespace spurion::analysis::questions::authenticity {

namespace {

/// More points than this make a picture slow; every second, third ... model is drawn then.
constexpr std::size_t kMostPointsOfChart = 1500;

Estimate point_at(double value) { return {value, value, value, 1, 1}; }

Series calibrated_line(double low, double high) {
  Series line{"perfect calibration", {low, high}, {point_at(low), point_at(high)}};
  line.reference = true;
  return line;
}

/// One chart a probe: each model, and the diagonal of perfect calibration.
Chart models_chart(const AuthenticityFindings& findings, const ProbeLine& line,
                   std::size_t number) {
  Chart chart;
  chart.name = fmt::format("probe_{}_{}", number, findings.experiment);
  chart.title = line.name;
  chart.kind = ChartKind::scatter;
  chart.x_label = line.probe;
  chart.y_label = line.truth;
  chart.panel = "Each trained model: what the probe says, and the truth.";
  chart.note = "Each point is a trained model. On the dashed line the probe is the truth.";
  const std::size_t step = 1 + line.models.probe.size() / kMostPointsOfChart;
  if (step > 1) chart.note += fmt::format(" Every {}th model is drawn.", step);
  Series points{"model", {}, {}};
  double low = line.models.probe.front();
  double high = low;
  for (std::size_t i = 0; i < line.models.probe.size(); i += step) {
    points.x.push_back(line.models.probe[i]);
    points.y.push_back(point_at(line.models.truth[i]));
    low = std::min(low, line.models.probe[i]);
    high = std::max(high, line.models.probe[i]);
  }
  chart.series.push_back(std::move(points));
  if (high > low) chart.series.push_back(calibrated_line(low, high));
  return chart;
}

/// The mean truth of models with about the same probe, all probes in one picture.
Chart calibration_chart(const AuthenticityFindings& findings) {
  Chart chart;
  chart.name = "calibration_" + findings.experiment;
  chart.title = "Calibration of probes";
  chart.x_label = "what the probe says (mean of the bin)";
  chart.y_label = "truth";
  chart.note = fmt::format(
      "Bins have about equal numbers of models. Bands: {} of the mean truth, by the jackknife over "
      "seeds. On the dashed line the probe is the truth.",
      kIntervalText);
  double low = 0.0;
  double high = 0.0;
  bool any = false;
  for (const ProbeLine& line : findings.found.lines) {
    const std::vector<CalibrationBin> bins = calibration_bins(line.models);
    if (bins.size() < 2) continue;
    Series series{line.name, {}, {}};
    for (const CalibrationBin& bin : bins) {
      series.x.push_back(bin.probe);
      series.y.push_back(bin.truth);
      low = any ? std::min(low, bin.probe) : bin.probe;
      high = any ? std::max(high, bin.probe) : bin.probe;
      any = true;
    }
    chart.series.push_back(std::move(series));
  }
  if (any && high > low) chart.series.push_back(calibrated_line(low, high));
  return chart;
}

Chart agreement_chart(const AuthenticityFindings& findings) {
  Chart chart;
  chart.name = "agreement_" + findings.experiment;
  chart.title = "Rank agreement of probes with the truth";
  chart.kind = ChartKind::dot;
  chart.y_label = "Kendall's tau-b";
  chart.note = fmt::format("Whiskers: {} by the jackknife over seeds.", kIntervalText);
  Series series{"rank agreement", {}, {}};
  for (const ProbeLine& line : findings.found.lines) {
    if (line.tau.count == 0) continue;
    series.x.push_back(static_cast<double>(chart.categories.size()));
    series.y.push_back(line.tau);
    chart.categories.push_back(line.name);
  }
  if (!series.x.empty()) chart.series.push_back(std::move(series));
  return chart;
}

Chart scale_chart(const AuthenticityFindings& findings) {
  Chart chart;
  chart.name = "agreement_along_axis_" + findings.experiment;
  chart.title = "Rank agreement along " + findings.options.axis;
  chart.x_label = findings.options.axis;
  chart.y_label = "Kendall's tau-b";
  chart.note = fmt::format("Bands: {} by the jackknife over seeds.", kIntervalText);
  for (const AgreementTrend& trend : findings.found.trends) {
    Series series{trend.name, {}, {}};
    for (const ProbeLine& line : findings.found.lines) {
      if (line.probe != trend.probe || line.environment != trend.environment ||
          line.model != trend.model || line.tau.count == 0) {
        continue;
      }
      series.x.push_back(line.place.number);
      series.y.push_back(line.tau);
    }
    if (series.x.size() > 1) chart.series.push_back(std::move(series));
  }
  chart.log_x = std::all_of(chart.series.begin(), chart.series.end(),
                            [](const Series& series) { return series.x.front() > 0.0; });
  return chart;
}

}  // namespace

std::vector<Chart> authenticity_charts(const AuthenticityFindings& findings) {
  constexpr std::size_t kMostPanels = 12;
  std::vector<Chart> charts;
  for (Chart chart :
       {agreement_chart(findings), calibration_chart(findings), scale_chart(findings)}) {
    if (!chart.series.empty()) charts.push_back(std::move(chart));
  }
  for (std::size_t i = 0; i < findings.found.lines.size() && i < kMostPanels; ++i) {
    charts.push_back(models_chart(findings, findings.found.lines[i], i + 1));
  }
  return charts;
}

}  // namespace spurion::analysis::questions::authenticity
