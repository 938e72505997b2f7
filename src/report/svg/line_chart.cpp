#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "report/escape.hpp"
#include "report/svg/frame.hpp"

namespace spurion::report {

namespace {

using analysis::Chart;
using analysis::ChartKind;
using analysis::Series;

double plot_height(const Chart& chart) { return chart.panel.empty() ? 300 : 190; }

class Plot {
 public:
  explicit Plot(const Chart& chart) : chart_(chart), log_x_(chart.log_x) {
    for (const Series& series : chart.series) {
      for (const double x : series.x) log_x_ = log_x_ && x > 0.0;
    }
    for (const Series& series : chart.series) {
      for (std::size_t i = 0; i < series.x.size(); ++i) {
        x_.add(along(series.x[i]));
        y_.add(series.y[i].low);
        y_.add(series.y[i].high);
        y_.add(series.y[i].value);
      }
    }
    if (!(x_.high > x_.low)) x_ = {x_.low - 0.5, x_.high + 0.5};
    // Points of scores lie in a square of scores.
    if (chart.kind == ChartKind::scatter && x_.low >= 0 && x_.high <= 1 && x_.high > 0.6) {
      x_ = {0, 1};
    }
    // Accuracies are read against 0 and 1 when they span most of that; others get a little air.
    if (y_.low >= 0 && y_.high <= 1 && y_.high - y_.low > 0.4) {
      y_ = {0, 1};
    } else {
      const double air = std::max(0.06 * (y_.high - y_.low), 1e-9 + 1e-3 * std::abs(y_.high));
      y_ = {y_.low - air, y_.high + air};
    }
  }

  [[nodiscard]] double along(double value) const { return log_x_ ? std::log10(value) : value; }
  [[nodiscard]] double px(double value) const {
    return kLeft +
           (along(value) - x_.low) / (x_.high - x_.low) * (width_of(chart_) - kLeft - kRight);
  }
  [[nodiscard]] double py(double value) const {
    return kTop + (y_.high - value) / (y_.high - y_.low) * plot_height(chart_);
  }
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
    // A scale axis has few values: its own are the ticks.
    std::vector<double> all;
    for (const Series& series : chart_.series) {
      for (const double value : series.x) {
        if (std::find(all.begin(), all.end(), value) == all.end()) all.push_back(value);
      }
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  [[nodiscard]] std::vector<double> y_ticks() const {
    return ticks(y_, chart_.panel.empty() ? 6 : 4);
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
  Extent x_;
  Extent y_;
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
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    // From one step to the next half-way between them.
    if (chart.steps && i > 0) {
      const double middle = plot.px(0.5 * (series.x[i - 1] + series.x[i]));
      path += fmt::format("H{:.1f}V{:.1f}", middle, plot.py(series.y[i].value));
    }
    path += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", plot.px(series.x[i]),
                        plot.py(series.y[i].value));
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
    if (x - last < 34) continue;
    last = x;
    out += fmt::format(
        "<line {5} x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
        "<text {6} x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4:.6g}</text>",
        x, bottom, bottom + 5, bottom + 19, tick, ink.part("tickline"), ink.part("tick"));
  }
  out += fmt::format("<text {} x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                     ink.part("label"), (kLeft + width - kRight) / 2, bottom + 38,
                     escape(chart.x_label));
  out += fmt::format(
      "<text {} transform=\"translate(15 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
      ink.part("label"), kTop + plot_height(chart) / 2, escape(chart.y_label));
  return out;
}

}  // namespace

Drawing draw_lines(const Chart& chart, const Ink& ink) {
  const bool scatter = chart.kind == ChartKind::scatter;
  const double bottom = kTop + plot_height(chart);
  const Plot plot(chart);
  const std::vector<Pen> pens = pens_of(chart);
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
    out.body += "<g" + ink.group(pen) + ">";
    if (!series.reference && !scatter) out.body += band(plot, series, ink.part("band", pen));
    if (!scatter || series.reference) out.body += line(chart, plot, series, ink.part("line", pen));
    out.body += "<g " + ink.part(scatter ? "points" : "dots", pen) + ">";
    // Markers on every point of a long stream would hide the line.
    const std::size_t every = scatter ? 1 : std::max<std::size_t>(1, series.x.size() / 24);
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const double x = plot.px(series.x[i]);
      const double y = plot.py(series.y[i].value);
      const bool shown = !series.reference && i % every == 0;
      out.body += fmt::format(
          "<g><title>{}</title>{}</g>", tooltip(chart, series, i),
          shown ? marker(pen.index, x, y)
                : fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\" opacity=\"0\"/>", x, y));
    }
    out.body += "</g></g>";
  }
  const Drawing entries = legend(chart, ink, kLeft, bottom);
  out.body += entries.body;
  out.height = entries.height;
  return out;
}

}  // namespace spurion::report
