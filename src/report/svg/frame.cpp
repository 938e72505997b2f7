#include "report/svg/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/escape.hpp"

namespace spurion::report {

using analysis::Chart;
using analysis::ChartKind;
using analysis::Estimate;
using analysis::Series;

void Extent::add(double value) {
  if (!std::isfinite(value)) return;
  low = std::min(low, value);
  high = std::max(high, value);
}

std::vector<double> ticks(const Extent& range, int count) {
  const double raw = (range.high - range.low) / count;
  if (!(raw > 0)) return {range.low};
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double digit = raw / power;
  const double step = power * (digit < 1.5 ? 1 : (digit < 3.5 ? 2 : (digit < 7.5 ? 5 : 10)));
  std::vector<double> all;
  for (double value = std::ceil(range.low / step - 1e-9) * step; value <= range.high + 1e-9 * step;
       value += step) {
    all.push_back(std::abs(value) < 1e-12 * step ? 0.0 : value);
  }
  return all;
}

std::string tooltip(const Chart& chart, const Series& series, std::size_t i) {
  const Estimate& y = series.y[i];
  std::string text =
      fmt::format("{} at {}: {:.4f}", series.name, chart.x_text(series.x[i]), y.value);
  if (!series.reference && y.high > y.low) text += fmt::format(" [{:.4f}, {:.4f}]", y.low, y.high);
  return escape(text);
}

namespace {

struct Place {
  double x;
  double y;
};

/// What stands for a series in the legend.
std::string key_of(const Chart& chart, const Series& series, const Pen& pen, const Ink& ink,
                   const Place& at) {
  const auto [x, y] = at;
  if (chart.kind == ChartKind::bar && !series.reference) {
    return fmt::format("<rect {} x=\"{:.1f}\" y=\"{:.1f}\" width=\"24\" height=\"11\"/>",
                       ink.part("bar", pen), x, y - 6);
  }
  const std::string sign = series.reference ? "" : marker(pen.index, x + 12, y);
  const bool points = chart.kind == ChartKind::scatter || chart.kind == ChartKind::dot;
  if (points && !series.reference) {
    return fmt::format("<g {}>{}</g>", ink.part("key", pen), sign);
  }
  return fmt::format("<path {} d=\"M{:.1f} {:.1f}h24\"/><g {}>{}</g>", ink.part("line", pen), x, y,
                     ink.part("key", pen), sign);
}

}  // namespace

Drawing legend(const Chart& chart, const Ink& ink, double left, double bottom) {
  const double width = width_of(chart);
  const std::vector<Pen> pens = pens_of(chart);
  Drawing out;
  double x = left;
  double y = bottom + kAxis + 10;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series& series = chart.series[s];
    if (series.x.empty()) continue;
    const double needed = 44 + text_width(series.name);
    if (x > left && x + needed > width - kRight) {
      x = left;
      y += kLegendLine;
    }
    out.body += fmt::format("<g{}>{}<text {} x=\"{:.1f}\" y=\"{:.1f}\">{}</text></g>",
                            ink.group(pens[s]), key_of(chart, series, pens[s], ink, {x, y}),
                            ink.part("legend"), x + 30, y + 4, escape(series.name));
    x += needed;
  }
  out.height = y + 12;
  return out;
}

}  // namespace spurion::report
