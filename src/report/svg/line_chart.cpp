#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "report/escape.hpp"
#include "report/svg/frame.hpp"
#include "report/svg/overlap.hpp"

namespace spurion::report {

namespace {

using analysis::Chart;
using analysis::ChartKind;
using analysis::Series;

using analysis::Estimate;
using analysis::SeriesLook;

double plot_height(const Chart& chart) { return chart.panel.empty() ? 300 : 190; }

/// Where the values of y begin and end, and whether on a logarithmic scale.
class Heights {
 public:
  explicit Heights(const Chart& chart) : log_(chart.log_y) {
    look_at(chart, false);
    if (!std::isfinite(least_)) look_at(chart, true);
    log_ = log_ && std::isfinite(least_);
    for (const Series& series : chart.series) add(series);
    log_ ? widen_log() : widen();
  }
  [[nodiscard]] bool log() const { return log_; }
  [[nodiscard]] const Extent& extent() const { return extent_; }
  /// On the scale of the axis; what has no place on it lies at its end.
  [[nodiscard]] double along(double value) const {
    if (!log_) return value;
    return value > 0.0 ? std::clamp(std::log10(value), extent_.low, extent_.high) : extent_.low;
  }
  /// Whether a value lies below the axis.
  [[nodiscard]] bool is_below(double value) const {
    return log_ && !(value > 0.0 && std::log10(value) >= extent_.low);
  }

 private:
  /// The values that the axis must show. A law that goes on beyond the points may fall without end.
  void look_at(const Chart& chart, bool curves) {
    for (const Series& series : chart.series) {
      if (series.look == SeriesLook::curve && !curves) continue;
      for (const Estimate& y : series.y) {
        if (!(y.value > 0.0)) continue;
        least_ = std::min(least_, y.value);
        most_ = std::max(most_, y.value);
      }
    }
  }
  void add(const Series& series) {
    for (const Estimate& y : series.y) {
      for (const double end : {y.low, y.high, y.value}) {
        if (!log_) {
          extent_.add(end);
        } else if (end > 0.25 * least_ && end < 4.0 * most_) {  // whiskers may go far
          extent_.add(std::log10(end));
        }
      }
      below_ = below_ || !(y.value > 0.0);
    }
  }
  /// Accuracies are read against 0 and 1 when they span most of that; others get a little air.
  void widen() {
    if (extent_.low >= 0 && extent_.high <= 1 && extent_.high - extent_.low > 0.4) {
      extent_ = {0, 1};
    } else {
      const double air =
          std::max(0.06 * (extent_.high - extent_.low), 1e-9 + 1e-3 * std::abs(extent_.high));
      extent_ = {extent_.low - air, extent_.high + air};
    }
  }
  void widen_log() {
    const double air = std::max(0.06 * (extent_.high - extent_.low), 0.05);
    extent_ = {extent_.low - (below_ ? 2.0 * air : air), extent_.high + air};
  }

  bool log_;
  bool below_ = false;
  double least_ = std::numeric_limits<double>::infinity();  ///< of the values above 0
  double most_ = 0.0;
  Extent extent_;
};

/// 1, 2 and 5 times powers of ten between two logarithms; powers alone where they are many.
std::vector<double> log_ticks(const Extent& extent) {
  std::vector<double> all;
  for (auto power = static_cast<int>(std::floor(extent.low)); power <= extent.high; ++power) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      if (digit > 1.0 && extent.high - extent.low > 2.5) continue;
      const double tick = digit * std::pow(10.0, power);
      if (std::log10(tick) >= extent.low && std::log10(tick) <= extent.high) all.push_back(tick);
    }
  }
  return all;
}

/// The same, or evenly spaced steps within less than a decade, where these are too few to read by.
std::vector<double> readable_log_ticks(const Extent& extent) {
  std::vector<double> all = log_ticks(extent);
  if (all.size() > 1) return all;
  return ticks({std::pow(10.0, extent.low), std::pow(10.0, extent.high)}, 4);
}

class Plot {
 public:
  explicit Plot(const Chart& chart) : chart_(chart), log_x_(chart.log_x), heights_(chart) {
    for (const Series& series : chart.series) {
      for (const double x : series.x) log_x_ = log_x_ && x > 0.0;
    }
    for (const Series& series : chart.series) {
      for (const double x : series.x) x_.add(along(x));
    }
    if (!(x_.high > x_.low)) x_ = {x_.low - 0.5, x_.high + 0.5};
    // Points of scores lie in a square of scores.
    if (chart.kind == ChartKind::scatter && x_.low >= 0 && x_.high <= 1 && x_.high > 0.6) {
      x_ = {0, 1};
    }
    // Points with whiskers would touch the frame.
    if (std::any_of(chart.series.begin(), chart.series.end(), [](const Series& series) {
          return series.look == SeriesLook::points && !series.x.empty();
        })) {
      const double air = 0.02 * (x_.high - x_.low);
      x_ = {x_.low - air, x_.high + air};
    }
  }

  [[nodiscard]] double along(double value) const { return log_x_ ? std::log10(value) : value; }
  [[nodiscard]] double px(double value) const {
    return kLeft +
           (along(value) - x_.low) / (x_.high - x_.low) * (width_of(chart_) - kLeft - kRight);
  }
  [[nodiscard]] double py(double value) const {
    const Extent& y = heights_.extent();
    return kTop + (y.high - heights_.along(value)) / (y.high - y.low) * plot_height(chart_);
  }
  /// Whether a value has no place on the axis, so that it is drawn on its edge.
  [[nodiscard]] bool is_off(double value) const { return heights_.log() && !(value > 0.0); }
  /// Whether a value lies below the axis.
  [[nodiscard]] bool is_below(double value) const { return heights_.is_below(value); }
  [[nodiscard]] std::vector<double> x_ticks() const {
    if (!log_x_) {
      std::vector<double> all = ticks(x_, chart_.panel.empty() ? 8 : 5);
      // Between two phases, or two updates, there is nothing to mark.
      if (counts()) {
        all.erase(
            std::remove_if(all.begin(), all.end(),
                           [](double tick) { return std::abs(tick - std::round(tick)) > 1e-9; }),
            all.end());
      }
      return all;
    }
    // A scale axis has few values: its own are the ticks, unless they are long, as counts of
    // operations are.
    constexpr std::size_t kFew = 14;
    constexpr double kLong = 1e6;
    std::set<double> all;
    for (const Series& series : chart_.series) {
      if (series.look != SeriesLook::curve) all.insert(series.x.begin(), series.x.end());
    }
    const bool own = !all.empty() && all.size() <= kFew && *all.rbegin() < kLong;
    if (!own) return readable_log_ticks(x_);
    return {all.begin(), all.end()};
  }
  [[nodiscard]] std::vector<double> y_ticks() const {
    if (heights_.log()) return readable_log_ticks(heights_.extent());
    return ticks(heights_.extent(), chart_.panel.empty() ? 6 : 4);
  }

 private:
  /// Whether what the axis shows is counted.
  [[nodiscard]] bool counts() const {
    return std::all_of(chart_.series.begin(), chart_.series.end(), [](const Series& series) {
      return std::all_of(series.x.begin(), series.x.end(),
                         [](double x) { return x == std::round(x); });
    });
  }

  const Chart& chart_;
  bool log_x_;
  Heights heights_;
  Extent x_;
};

std::string band(const Plot& plot, const Series& series, const std::string& look) {
  std::string up;
  std::string down;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    up += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", plot.px(series.x[i]),
                      plot.py(series.y[i].high));
  }
  for (std::size_t i = series.x.size(); i-- > 0;) {
    down += fmt::format("L{:.1f} {:.1f}", plot.px(series.x[i]), plot.py(series.y[i].low));
  }
  return "<path " + look + " d=\"" + up + down + "Z\"/>";
}

std::string line(const Chart& chart, const Plot& plot, const Series& series,
                 const std::string& look) {
  std::string path;
  bool lifted = true;  // the pen
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    // A law that left the axis ends there.
    const bool gone = series.look == SeriesLook::curve && i > 0 &&
                      plot.is_below(series.y[i - 1].value) && plot.is_below(series.y[i].value);
    lifted = lifted || gone;
    if (gone) continue;
    // From one step to the next half-way between them.
    if (chart.steps && i > 0) {
      const double middle = plot.px(0.5 * (series.x[i - 1] + series.x[i]));
      path += fmt::format("H{:.1f}V{:.1f}", middle, plot.py(series.y[i].value));
    }
    path += fmt::format("{}{:.1f} {:.1f}", lifted ? "M" : "L", plot.px(series.x[i]),
                        plot.py(series.y[i].value));
    lifted = false;
  }
  return "<path " + look + " d=\"" + path + "\"/>";
}

std::string axes(const Chart& chart, const Plot& plot, const Ink& ink) {
  const double width = width_of(chart);
  const double bottom = kTop + plot_height(chart);
  std::string out;
  for (const double tick : plot.y_ticks()) {
    const double y = plot.py(tick);
    out += fmt::format(
        "<line {6} x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text {7} x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.6g}</text>",
        kLeft, width - kRight, y, kLeft - 8, y + 4, tick, ink.part("grid"), ink.part("tick"));
  }
  double last = -1e9;
  for (const double tick : plot.x_ticks()) {
    const double x = plot.px(tick);
    const std::string label = fmt::format("{:.6g}", tick);
    const double room = text_width(label);
    if (x - last < std::max(34.0, room)) continue;
    last = x;
    out += fmt::format(
        "<line {} x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>"
        "<text {} x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        ink.part("tickline"), x, x, bottom, bottom + 5, ink.part("tick"),
        std::min(x, width - 0.5 * room), bottom + 19, label);
  }
  out += fmt::format("<text {} x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                     ink.part("label"), (kLeft + width - kRight) / 2, bottom + 38,
                     escape(chart.x_label));
  out += fmt::format(
      "<text {} transform=\"translate(15 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
      ink.part("label"), kTop + plot_height(chart) / 2, escape(chart.y_label));
  return out;
}

/// Where a value lies whose axis cannot show it.
std::string edge_marker(double x, double y) {
  return fmt::format("<path d=\"M{:.1f} {:.1f}l-4.5 -8h9z\"/>", x, y);
}

/// Series that hide each other.
std::vector<Overlap> overlaps_in(const Chart& chart, const Plot& plot) {
  std::vector<DrawnPath> paths;
  for (const Series& series : chart.series) {
    DrawnPath path;
    path.kind = fmt::format("{} {}", static_cast<int>(series.look), series.reference);
    for (const double x : series.x) path.x.push_back(plot.px(x));
    for (const Estimate& y : series.y) path.y.push_back(plot.py(y.value));
    paths.push_back(std::move(path));
  }
  return overlaps_of(paths);
}

/// A series of a chart, and how it is drawn.
struct DrawnSeries {
  const Chart& chart;
  const Series& series;
  const Pen& pen;
  const Overlap& overlap;
};

/// The points of a series; those that are not shown still have a tooltip.
std::string points_of(const DrawnSeries& drawn, const Plot& plot, const Ink& ink) {
  const Chart& chart = drawn.chart;
  const Series& series = drawn.series;
  const Pen& pen = drawn.pen;
  const bool scatter = chart.kind == ChartKind::scatter;
  const bool points = series.look == SeriesLook::points;
  // Markers on every point of a long stream would hide the line.
  const std::size_t every = scatter || points ? 1 : std::max<std::size_t>(1, series.x.size() / 24);
  std::string out = "<g " + ink.part(scatter ? "points" : "dots", pen) + ">";
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    const Estimate& at = series.y[i];
    const double x = plot.px(series.x[i]);
    const double y = plot.py(at.value);
    const bool shown = !series.reference && series.look != SeriesLook::curve && i % every == 0 &&
                       drawn.overlap.has_turn(i / every);
    out += "<g><title>" + tooltip(chart, series, i) + "</title>";
    if (points && at.high > at.low) {
      out += fmt::format("<path {} d=\"M{:.1f} {:.1f}V{:.1f}\"/>", ink.part("stem", pen), x,
                         plot.py(at.low), plot.py(at.high));
    }
    const std::string sign = plot.is_off(at.value) ? edge_marker(x, y) : marker(pen.index, x, y);
    if (!shown) {
      out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\" opacity=\"0\"/>", x, y);
    } else if (series.is_held_out(i)) {
      out += "<g " + ink.part("hollow", pen) + ">" + sign + "</g>";
    } else {
      out += sign;
    }
    out += "</g>";
  }
  return out + "</g>";
}

}  // namespace

Drawing draw_lines(const Chart& chart, const Ink& ink) {
  const bool scatter = chart.kind == ChartKind::scatter;
  const double bottom = kTop + plot_height(chart);
  const Plot plot(chart);
  const std::vector<Pen> pens = pens_of(chart);
  const std::vector<Overlap> overlaps = overlaps_in(chart, plot);
  Drawing out;
  out.body = axes(chart, plot, ink);
  for (const double mark : chart.marks) {
    out.body += fmt::format("<line {3} x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>",
                            plot.px(mark), kTop, bottom, ink.part("mark"));
  }
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series& series = chart.series[s];
    const Pen& pen = pens[s];
    if (series.x.empty()) continue;
    const bool lined = series.reference || (!scatter && series.look != SeriesLook::points);
    out.body += "<g" + ink.group(pen) + ">";
    if (lined && !series.reference) out.body += band(plot, series, ink.part("band", pen));
    // The dashes of references differ already.
    const std::string dashes = series.reference ? std::string() : overlaps[s].dashes();
    if (lined) out.body += line(chart, plot, series, ink.part("line", pen) + dashes);
    out.body += points_of({chart, series, pen, overlaps[s]}, plot, ink) + "</g>";
  }
  const Drawing entries = legend(chart, ink, kLeft, bottom, overlaps);
  out.body += entries.body;
  out.height = entries.height;
  return out;
}

}  // namespace spurion::report
