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

/// Whether another series has the colour of this one, so that the legend names it for both.
bool has_curve(const Chart& chart, std::size_t s) {
  return std::any_of(chart.series.begin(), chart.series.end(), [&](const Series& other) {
    return other.colour_of == static_cast<int>(s) && !other.x.empty() &&
           other.look == analysis::SeriesLook::curve;
  });
}

/// What stands for a series in the legend.
std::string key_of(const Chart& chart, std::size_t s, const Pen& pen, const Ink& ink,
                   const Place& at) {
  const Series& series = chart.series[s];
  const auto [x, y] = at;
  if (chart.kind == ChartKind::bar && !series.reference) {
    return fmt::format("<rect {} x=\"{:.1f}\" y=\"{:.1f}\" width=\"24\" height=\"11\"/>",
                       ink.part("bar", pen), x, y - 6);
  }
  const bool curve = series.look == analysis::SeriesLook::curve;
  const std::string sign = series.reference || curve ? "" : marker(pen.index, x + 12, y);
  const bool points = chart.kind == ChartKind::scatter || chart.kind == ChartKind::dot ||
                      (series.look == analysis::SeriesLook::points && !has_curve(chart, s));
  if (points && !series.reference) {
    return fmt::format("<g {}>{}</g>", ink.part("key", pen), sign);
  }
  return fmt::format("<path {} d=\"M{:.1f} {:.1f}h24\"/><g {}>{}</g>", ink.part("line", pen), x, y,
                     ink.part("key", pen), sign);
}

/// Lays entries out in rows that fit the width.
class LegendRows {
 public:
  LegendRows(const Chart& chart, double left, double bottom)
      : right_(width_of(chart) - kRight), left_(left), at_{left, bottom + kAxis + 10} {}
  /// The place of the next entry.
  Place next(const std::string& name) {
    const double needed = 44 + text_width(name);
    if (at_.x > left_ && at_.x + needed > right_) at_ = {left_, at_.y + kLegendLine};
    const Place place = at_;
    at_.x += needed;
    return place;
  }
  [[nodiscard]] double height() const { return at_.y + 12; }

 private:
  double right_;
  double left_;
  Place at_;
};

std::string entry(const std::string& key, const std::string& name, const Place& at,
                  const Ink& ink) {
  return fmt::format("{}<text {} x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", key, ink.part("legend"),
                     at.x + 30, at.y + 4, escape(name));
}

constexpr const char* kHeldOut = "held out of the fit";

}  // namespace

Drawing legend(const Chart& chart, const Ink& ink, double left, double bottom,
               const std::vector<Overlap>& overlaps) {
  const std::vector<Pen> pens = pens_of(chart);
  Drawing out;
  LegendRows rows(chart, left, bottom);
  bool held_out = false;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series& series = chart.series[s];
    for (const bool one : series.held_out) held_out = held_out || one;
    // What shares a colour is named with the series whose colour it is.
    if (series.x.empty() || series.colour_of >= 0) continue;
    std::string name = series.name;
    if (s < overlaps.size() && overlaps[s].rank > 0) {
      name += fmt::format(" (lies on {})", chart.series[overlaps[s].first].name);
    }
    const Place at = rows.next(name);
    out.body += "<g" + ink.group(pens[s]) + ">" +
                entry(key_of(chart, s, pens[s], ink, at), name, at, ink) + "</g>";
  }
  if (held_out) {
    const Pen pen;
    const Place at = rows.next(kHeldOut);
    const std::string sign =
        "<g " + ink.part("hollow", pen) + ">" + marker(pen.index, at.x + 12, at.y) + "</g>";
    out.body += "<g" + ink.group(pen) + ">" + entry(sign, kHeldOut, at, ink) + "</g>";
  }
  out.height = rows.height();
  return out;
}

}  // namespace spurion::report
