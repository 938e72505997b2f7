#include "report/svg/svg_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "report/escape.hpp"

namespace spurion::report {

namespace {

using analysis::Chart;
using analysis::Estimate;
using analysis::Series;

/// A chart of a panel is smaller, and drawn so: scaled down its text would be too small to read.
double width_of(const Chart& chart) { return chart.panel.empty() ? 720 : 460; }
double plot_height(const Chart& chart) { return chart.panel.empty() ? 300 : 190; }
constexpr double kLeft = 62;
constexpr double kRight = 18;
constexpr double kTop = 16;
constexpr double kAxis = 48;
constexpr double kLegendLine = 20;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

/// Round steps of 1, 2 or 5 times a power of ten, about `count` of them.
std::vector<double> ticks(const Range& range, int count) {
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
  Range x_;
  Range y_;
};

/// How a line is drawn: its colour and marker, or the dashes of a reference.
struct Pen {
  bool reference = false;
  std::size_t index = 0;
};

/// Gives parts of a chart their looks: on a page by classes, whose style sheet follows light, dark
/// and print; in a file of its own by attributes with literal colours, for programs other than
/// browsers know neither CSS variables nor currentColor.
class Ink {
 public:
  explicit Ink(bool literal) : literal_(literal) {}

  /// The attributes of a part that belongs to no line.
  [[nodiscard]] std::string part(const std::string& name) const {
    if (!literal_) return fmt::format("class=\"{}\"", name);
    if (name == "grid") return "stroke=\"#e3e7ec\" stroke-width=\"1\"";
    if (name == "tickline") return "stroke=\"#626c78\"";
    if (name == "tick") return "fill=\"#626c78\" font-size=\"12\"";
    if (name == "mark") {
      return "stroke=\"#626c78\" stroke-dasharray=\"2 4\" stroke-width=\"1.5\"";
    }
    return "fill=\"#1b1f24\"";  // texts
  }
  /// The same of one that does.
  [[nodiscard]] std::string part(const std::string& name, const Pen& pen) const {
    if (!literal_) return fmt::format("class=\"{}\"", name);
    const char* ink = colour(pen);
    if (name == "line") {
      return fmt::format("fill=\"none\" stroke=\"{}\" stroke-linejoin=\"round\"{}", ink,
                         dashes(pen));
    }
    if (name == "band")
      return fmt::format("fill=\"{}\" fill-opacity=\"0.16\" stroke=\"none\"", ink);
    if (name == "dots")
      return fmt::format("fill=\"{}\" stroke=\"#ffffff\" stroke-width=\"1\"", ink);
    return fmt::format("fill=\"{}\"", ink);  // key of the legend
  }
  /// The attributes of the group of a line's parts.
  [[nodiscard]] std::string group(const Pen& pen) const {
    if (literal_) return {};
    return pen.reference ? fmt::format(" class=\"r{}\"", pen.index % 3)
                         : fmt::format(" class=\"s{}\"", pen.index % 6);
  }

 private:
  static const char* colour(const Pen& pen) {
    constexpr const char* kColours[] = {"#c4462a", "#1f6fb2", "#2b8a57",
                                        "#8a4fa8", "#a6761d", "#3a3f47"};
    return pen.reference ? "#626c78" : kColours[pen.index % 6];
  }
  static const char* dashes(const Pen& pen) {
    constexpr const char* kDashes[] = {" stroke-dasharray=\"9 4\" stroke-width=\"1.6\"",
                                       " stroke-dasharray=\"4 4\" stroke-width=\"1.6\"",
                                       " stroke-dasharray=\"1.5 4\" stroke-width=\"2\""};
    return pen.reference ? kDashes[pen.index % 3] : " stroke-width=\"2.2\"";
  }

  bool literal_;
};

/// Which pen each line of a chart is drawn with. Lines without points keep theirs, so that a line
/// has one colour in all charts of an environment.
std::vector<Pen> pens_of(const Chart& chart) {
  std::vector<Pen> pens;
  std::size_t lines = 0;
  std::size_t references = 0;
  for (const Series& series : chart.series) {
    const bool reference = series.reference && !series.x.empty();
    pens.push_back({reference, reference ? references++ : lines++});
  }
  return pens;
}

std::string marker(std::size_t index, double x, double y) {
  switch (index % 4) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/>", x, y);
    case 1:
      return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"7\" height=\"7\"/>", x - 3.5,
                         y - 3.5);
    case 2:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l4.5 8h-9z\"/>", x, y - 5);
    default:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l5 5l-5 5l-5 -5z\"/>", x, y - 5);
  }
}

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

std::string tooltip(const Series& series, std::size_t i) {
  const Estimate& y = series.y[i];
  std::string text = fmt::format("{} at {:.6g}: {:.4f}", series.name, series.x[i], y.value);
  if (!series.reference && y.high > y.low) text += fmt::format(" [{:.4f}, {:.4f}]", y.low, y.high);
  return escape(text);
}

/// Entries in rows that fit the width, by a generous estimate of the text's.
std::string legend(const Chart& chart, const std::vector<Pen>& pens, const Ink& ink,
                   double& height) {
  const double width = width_of(chart);
  const double bottom = kTop + plot_height(chart);
  std::string out;
  double x = kLeft;
  double y = bottom + kAxis + 10;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series& series = chart.series[s];
    const Pen& pen = pens[s];
    if (series.x.empty()) continue;
    const double needed = 44 + 7.2 * static_cast<double>(series.name.size());
    if (x > kLeft && x + needed > width - kRight) {
      x = kLeft;
      y += kLegendLine;
    }
    out += fmt::format(
        "<g{}><path {} d=\"M{:.1f} {:.1f}h24\"/><g {}>{}</g>"
        "<text {} x=\"{:.1f}\" y=\"{:.1f}\">{}</text></g>",
        ink.group(pen), ink.part("line", pen), x, y, ink.part("key", pen),
        series.reference ? "" : marker(pen.index, x + 12, y), ink.part("legend"), x + 30, y + 4,
        escape(series.name));
    x += needed;
  }
  height = y + 12;
  return out;
}

}  // namespace

std::string chart_style() {
  return R"css(
svg.chart{width:100%;height:auto;display:block;font:13px system-ui,sans-serif}
svg.chart .grid{stroke:var(--rule);stroke-width:1}svg.chart .tickline{stroke:var(--muted)}
svg.chart text{fill:var(--text)}svg.chart .tick{fill:var(--muted);font-size:12px}
svg.chart .line{fill:none;stroke-width:2.2;stroke:currentColor;stroke-linejoin:round}
svg.chart .band{fill:currentColor;opacity:.16;stroke:none}
svg.chart .key{fill:currentColor}svg.chart .dots{fill:currentColor;stroke:var(--page);stroke-width:1}
svg.chart .mark{stroke:var(--muted);stroke-dasharray:2 4;stroke-width:1.5}
svg.chart .dots>g:hover{stroke:var(--text);stroke-width:2}
.s0{color:var(--c0)}.s1{color:var(--c1)}.s2{color:var(--c2)}.s3{color:var(--c3)}.s4{color:var(--c4)}.s5{color:var(--c5)}
.r0,.r1,.r2{color:var(--muted)}.r0 .line{stroke-dasharray:9 4;stroke-width:1.6!important}.r1 .line{stroke-dasharray:4 4;stroke-width:1.6!important}.r2 .line{stroke-dasharray:1.5 4;stroke-width:2!important}
)css";
}

std::string svg_chart(const Chart& chart, const std::string& id, bool standalone) {
  const double width = width_of(chart);
  const double bottom = kTop + plot_height(chart);
  const Plot plot(chart);
  double height = 0.0;
  const Ink ink(standalone);
  const std::vector<Pen> pens = pens_of(chart);
  const std::string entries = legend(chart, pens, ink, height);
  std::string out = fmt::format(
      "<svg {7} id=\"{0}\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {1} "
      "{2:.0f}\" "
      "role=\"img\" aria-labelledby=\"{0}-title {0}-desc\"><title id=\"{0}-title\">{3}</title>"
      "<desc id=\"{0}-desc\">{4} against {5}. {6}</desc>",
      id, width, height, escape(chart.title), escape(chart.y_label), escape(chart.x_label),
      escape(chart.note),
      standalone ? fmt::format("width=\"{}\" height=\"{:.0f}\" font-family=\"sans-serif\" "
                               "font-size=\"13\"",
                               width, height)
                 : std::string("class=\"chart\""));
  if (standalone) out += "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>";
  out += axes(chart, plot, ink);
  for (const double mark : chart.marks) {
    out += fmt::format("<line {3} x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>",
                       plot.px(mark), kTop, bottom, ink.part("mark"));
  }
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const Series& series = chart.series[s];
    const Pen& pen = pens[s];
    if (series.x.empty()) continue;
    out += "<g" + ink.group(pen) + ">";
    if (!series.reference) out += band(plot, series, ink.part("band", pen));
    out += line(chart, plot, series, ink.part("line", pen));
    out += "<g " + ink.part("dots", pen) + ">";
    // Markers on every point of a long stream would hide the line.
    const std::size_t every = std::max<std::size_t>(1, series.x.size() / 24);
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const double x = plot.px(series.x[i]);
      const double y = plot.py(series.y[i].value);
      const bool shown = !series.reference && i % every == 0;
      out += fmt::format(
          "<g><title>{}</title>{}</g>", tooltip(series, i),
          shown ? marker(pen.index, x, y)
                : fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\" opacity=\"0\"/>", x, y));
    }
    out += "</g></g>";
  }
  return out + entries + "</svg>";
}

}  // namespace spurion::report
