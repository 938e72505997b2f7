#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "analysis/questions/goodhart/goodhart_answer.hpp"

namespace spurion::analysis::questions::goodhart {

namespace {

/// Where a place lies on the axis of a line's own chart: its distance, or without one its amount.
double axis_place(const PressureLine& line, std::size_t place) {
  const double d = line.distance(place);
  return std::isnan(d) ? line.numbers.places[place].amount : d;
}

bool has_distances(const PressureLine& line) {
  for (std::size_t place = 0; place < line.numbers.places.size(); ++place) {
    if (std::isnan(line.distance(place))) return false;
  }
  return true;
}

const char* own_axis(const PressureLine& line) {
  if (has_distances(line)) return "d (root of the nats)";
  return line.kind == PressureKind::loss ? "weight of the proxy in the loss" : "selections";
}

Estimate exactly(double value) { return {value, value, value, 1, 1}; }

/// One number of a line along its places; hollow where no verdict uses it.
template <class Of>
Series along(const PressureLine& line, std::string name, const Of& number) {
  Series series;
  series.name = std::move(name);
  if (has_distances(line)) {
    series.x.push_back(0.0);
    series.y.push_back(exactly(0.0));
    series.held_out.push_back(false);
  }
  for (std::size_t place = 0; place < line.numbers.places.size(); ++place) {
    const Estimate value = number(place);
    const double x = axis_place(line, place);
    if (value.count == 0 || std::isnan(x)) continue;
    series.x.push_back(x);
    series.y.push_back(value);
    series.held_out.push_back(place >= line.judged);
  }
  return series;
}

/// Proxy, held-out probes and truth along one pressure.
Chart line_chart(const GoodhartFindings& findings, const PressureLine& line, std::size_t number) {
  Chart chart;
  chart.name = findings.file_name(std::to_string(number));
  chart.title = line.name;
  chart.x_label = own_axis(line);
  chart.y_label = "gain over no pressure";
  chart.panel = "Gains of proxy and truth along each pressure.";
  chart.note = fmt::format(
      "Bands: {} by the jackknife over seeds. Hollow: no verdict uses it, because models did not "
      "learn there or too few candidates are stored.",
      kIntervalText);
  const auto add = [&](std::size_t reading, const std::string& name) {
    Series series = along(line, name, [&](std::size_t place) { return line.gain(place, reading); });
    if (series.x.size() > 1) chart.series.push_back(std::move(series));
  };
  add(kProxy, "proxy: " + findings.options.proxy);
  add(kTruth, "truth: " + findings.options.truth_name());
  for (std::size_t i = 0; i < findings.options.held_out_probes.size(); ++i) {
    add(kHeldOut + i, "held out: " + findings.options.held_out_probes[i]);
  }
  return chart;
}

/// The gain of the truth of all pressures along d.
Chart truth_chart(const GoodhartFindings& findings) {
  Chart chart;
  chart.name = findings.file_name("truth");
  chart.title = "Gain of the truth along the pressure";
  chart.x_label = "d (root of the nats)";
  chart.y_label = "gain of " + findings.options.truth_name();
  chart.note = fmt::format(
      "Bands: {} by the jackknife over seeds. d of a selection is the root of its nats; d of a "
      "loss "
      "is the root of the divergence of its predictions from the run without it.",
      kIntervalText);
  for (const PressureLine& line : findings.found.lines) {
    if (!has_distances(line)) continue;
    Series series =
        along(line, line.name, [&](std::size_t place) { return line.gain(place, kTruth); });
    if (series.x.size() > 1) chart.series.push_back(std::move(series));
  }
  return chart;
}

/// What the proxy overstates against the gain out of distribution: equal gains stand above each
/// other.
Chart gain_chart(const GoodhartFindings& findings) {
  Chart chart;
  chart.name = findings.file_name("overstated");
  chart.title = "What the proxy overstates at equal gain";
  chart.kind = ChartKind::scatter;
  chart.x_label =
      fmt::format("gain in {} in domain '{}'", findings.score, findings.options.gain_domain);
  chart.y_label = "gain of the proxy minus gain of the truth";
  chart.note = "Each point is one amount of a pressure that is judged.";
  for (const PressureLine& line : findings.found.lines) {
    Series series{line.name, {}, {}};
    for (std::size_t place = 0; place < line.judged; ++place) {
      const Estimate gain = line.gain(place, kOod);
      const Estimate more = line.overstated(place);
      if (gain.count == 0 || more.count == 0) continue;
      series.x.push_back(gain.value);
      series.y.push_back(more);
    }
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

std::vector<Chart> goodhart_charts(const GoodhartFindings& findings) {
  constexpr std::size_t kMostPanels = 12;
  std::vector<Chart> charts;
  for (Chart chart : {truth_chart(findings), gain_chart(findings)}) {
    if (!chart.series.empty()) charts.push_back(std::move(chart));
  }
  for (std::size_t i = 0; i < findings.found.lines.size() && i < kMostPanels; ++i) {
    Chart chart = line_chart(findings, findings.found.lines[i], i + 1);
    if (!chart.series.empty()) charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace spurion::analysis::questions::goodhart
