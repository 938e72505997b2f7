#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/escape.hpp"
#include "report/svg/frame.hpp"

namespace spurion::report {

namespace {

using analysis::Chart;
using analysis::Estimate;
using analysis::Series;

constexpr double kBar = 13;      // height of a bar
constexpr double kGap = 3;       // between the bars of a category
constexpr double kBetween = 14;  // between categories
constexpr double kValue = 50;    // room for the number beside a bar

/// Bars lie, a group a category: long names of methods have room before them. Dots stand where bars
/// would end.
class BarPlot {
 public:
  explicit BarPlot(const Chart& chart) : chart_(chart) {
    const bool dots = chart.kind == analysis::ChartKind::dot;
    double widest = 0.0;
    for (const std::string& name : chart.categories) widest = std::max(widest, text_width(name));
    left_ = std::min(widest + 14, 0.42 * width_of(chart));
    if (!dots) values_.add(0.0);
    for (const Series& series : chart.series) {
      bars_ += series.reference ? 0 : 1;
      for (const Estimate& y : series.y) {
        values_.add(y.value);
        if (series.reference) continue;
        values_.add(y.low);
        values_.add(y.high);
      }
    }
    if (!(values_.high >= values_.low)) values_.low = values_.high = 0.0;  // nothing to draw
    if (!(values_.high > values_.low)) values_.high = values_.low + 1.0;
    if (dots) values_.high += 0.02 * (values_.high - values_.low);
    if (!dots && values_.low >= 0.0 && values_.high <= 1.0 && values_.high > 0.6)
      values_.high = 1.0;
    if (dots || values_.low < 0.0) values_.low -= 0.04 * (values_.high - values_.low);
  }

  [[nodiscard]] bool dots() const { return chart_.kind == analysis::ChartKind::dot; }
  [[nodiscard]] double left() const { return left_; }
  [[nodiscard]] double right() const { return width_of(chart_) - kRight - kValue; }
  [[nodiscard]] double group() const {
    return static_cast<double>(std::max(bars_, 1)) * (kBar + kGap) + kBetween;
  }
  [[nodiscard]] double bottom() const {
    return kTop + group() * static_cast<double>(chart_.categories.size());
  }
  [[nodiscard]] double px(double value) const {
    const double share = (value - values_.low) / (values_.high - values_.low);
    return left_ + share * (right() - left_);
  }
  /// Whether a value has a place along the axis.
  [[nodiscard]] bool shows(double value) const {
    return value >= values_.low && value <= values_.high;
  }
  /// The upper end of a category.
  [[nodiscard]] double top(double category) const { return kTop + group() * category; }
  [[nodiscard]] std::vector<double> steps() const { return ticks(values_, 5); }

 private:
  const Chart& chart_;
  double left_ = 0.0;
  int bars_ = 0;
  Extent values_;
};

std::string axes_of(const Chart& chart, const BarPlot& plot, const Ink& ink) {
  std::string out;
  for (const double tick : plot.steps()) {
    out += fmt::format(
        "<line {0} x1=\"{1:.1f}\" x2=\"{1:.1f}\" y1=\"{2}\" y2=\"{3:.1f}\"/>"
        "<text {4} x=\"{1:.1f}\" y=\"{5:.1f}\" text-anchor=\"middle\">{6:.6g}</text>",
        ink.part("grid"), plot.px(tick), kTop, plot.bottom(), ink.part("tick"), plot.bottom() + 17,
        tick);
  }
  for (std::size_t i = 0; i < chart.categories.size(); ++i) {
    const std::string& name = chart.categories[i];
    const double middle =
        plot.top(static_cast<double>(i)) + 0.5 * (plot.group() - kBetween) + 0.5 * kBetween;
    out += fmt::format(
        "<text {} x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\"><title>{}</title>{}</text>",
        ink.part("label"), plot.left() - 8, middle + 2, escape(name),
        escape(fitted(name, plot.left() - 8)));
  }
  // Where bars begin.
  if (plot.shows(0.0)) {
    out += fmt::format("<line {0} x1=\"{1:.1f}\" x2=\"{1:.1f}\" y1=\"{2}\" y2=\"{3:.1f}\"/>",
                       ink.part("tickline"), plot.px(0.0), kTop, plot.bottom());
  }
  out += fmt::format("<text {} x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>",
                     ink.part("label"), 0.5 * (plot.left() + plot.right()), plot.bottom() + 37,
                     escape(chart.y_label));
  return out;
}

/// A bar or a dot with its interval and its number.
std::string bar(const BarPlot& plot, const Estimate& y, double top, const Pen& pen,
                const Ink& ink) {
  const double end = plot.px(y.value);
  const double middle = top + 0.5 * kBar;
  std::string out;
  double last = end;
  if (!plot.dots()) {
    const double zero = plot.px(0.0);
    out = fmt::format("<rect {} x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\"/>",
                      ink.part("bar", pen), std::min(zero, end), top, std::abs(end - zero), kBar);
    last = std::max(zero, end);
  }
  if (y.high > y.low) {
    out += fmt::format(
        "<path {0} d=\"M{1:.1f} {3:.1f}H{2:.1f}M{1:.1f} {4:.1f}v7M{2:.1f} {4:.1f}v7\"/>",
        ink.part("whisker"), plot.px(y.low), plot.px(y.high), middle, middle - 3.5);
    last = std::max(last, plot.px(y.high));
  }
  if (plot.dots()) {
    out += fmt::format("<g {}>{}</g>", ink.part("dots", pen), marker(pen.index, end, middle));
    last += 3;
  }
  return out + fmt::format("<text {} x=\"{:.1f}\" y=\"{:.1f}\">{:.3g}</text>", ink.part("tick"),
                           last + 6, middle + 4, y.value);
}

}  // namespace

Drawing draw_bars(const Chart& chart, const Ink& ink) {
  const BarPlot plot(chart);
  const std::vector<Pen> pens = pens_of(chart);
  Drawing out;
  out.body = axes_of(chart, plot, ink);
  double row = 0.0;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series& series = chart.series[s];
    out.body += "<g" + ink.group(pens[s]) + ">";
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const double top = plot.top(series.x[i]) + 0.5 * kBetween;
      out.body += "<g><title>" + tooltip(chart, series, i) + "</title>";
      if (series.reference) {
        out.body += fmt::format("<path {} d=\"M{:.1f} {:.1f}v{:.1f}\"/>", ink.part("line", pens[s]),
                                plot.px(series.y[i].value), top - 3, plot.group() - kBetween + 3);
      } else {
        out.body += bar(plot, series.y[i], top + row * (kBar + kGap), pens[s], ink);
      }
      out.body += "</g>";
    }
    out.body += "</g>";
    row += series.reference ? 0.0 : 1.0;
  }
  const Drawing entries = legend(chart, ink, plot.left(), plot.bottom());
  out.body += entries.body;
  out.height = entries.height;
  return out;
}

}  // namespace spurion::report
