#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "report/escape.hpp"
#include "report/svg/frame.hpp"
#include "report/svg/level_lines.hpp"

namespace spurion::report {

namespace {

using analysis::Chart;
using analysis::Estimate;
using analysis::Series;

constexpr double kCell = 38;  // height of a cell
constexpr double kWidest = 110;
constexpr double kScale = 12;  // height of the scale of colours

struct Colour {
  double red;
  double green;
  double blue;
};

/// From blue over nearly white, which is 0, to orange: two colours that people who confuse red and
/// green can tell apart.
constexpr std::array<Colour, 5> kStops = {
    {{33, 102, 172}, {146, 197, 222}, {247, 247, 247}, {253, 184, 99}, {179, 88, 6}}};

/// `place` in [-1, 1].
Colour colour_at(double place) {
  const double at =
      std::clamp(0.5 * (place + 1.0), 0.0, 1.0) * static_cast<double>(kStops.size() - 1);
  const auto first = std::min<std::size_t>(static_cast<std::size_t>(at), kStops.size() - 2);
  const double share = at - static_cast<double>(first);
  const auto mix = [share](double a, double b) { return a + share * (b - a); };
  const Colour& a = kStops[first];
  const Colour& b = kStops[first + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

std::string hex_of(const Colour& colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", static_cast<int>(std::lround(colour.red)),
                     static_cast<int>(std::lround(colour.green)),
                     static_cast<int>(std::lround(colour.blue)));
}

/// Black or white, whichever is read on the colour.
const char* letters_on(const Colour& colour) {
  const double light = 0.299 * colour.red + 0.587 * colour.green + 0.114 * colour.blue;
  return light > 130.0 ? "#1b1f24" : "#ffffff";
}

/// Where the cells lie, and which value has the fullest colour.
struct Cells {
  double left = 0.0;
  double width = 0.0;
  double fullest = 0.0;
  double columns = 0.0;
  double rows = 0.0;

  explicit Cells(const Chart& chart) {
    double widest = 0.0;
    for (const Series& series : chart.series) {
      widest = std::max(widest, text_width(series.name));
      for (const Estimate& y : series.y) {
        if (std::isfinite(y.value)) fullest = std::max(fullest, std::abs(y.value));
      }
    }
    if (fullest == 0.0) fullest = 1.0;
    columns = std::max(1.0, static_cast<double>(chart.categories.size()));
    rows = static_cast<double>(chart.series.size());
    left = std::min(widest + 46, 0.4 * width_of(chart));
    width = std::min(kWidest, (width_of(chart) - left - kRight) / columns);
  }
  [[nodiscard]] double right() const { return left + columns * width; }
  [[nodiscard]] double bottom() const { return kTop + rows * kCell; }
};

/// A number in as many digits as a cell has room for; nothing in a narrow one.
std::string number_in(double value, double width) {
  if (width < 36) return {};
  return fmt::format("{:.{}f}", value, width < 46 ? 2 : 3);
}

/// A value and, where there is room, its interval.
std::string cell(const Chart& chart, const Series& series, std::size_t i, const Cells& cells,
                 double top) {
  const Estimate& y = series.y[i];
  const double x = cells.left + series.x[i] * cells.width;
  const Colour colour = colour_at(y.value / cells.fullest);
  const bool interval = y.high > y.low && cells.width >= 76;
  std::string out = fmt::format(
      "<g><title>{}</title><rect class=\"cell\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
      "height=\"{:.1f}\" fill=\"{}\"/><text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" "
      "fill=\"{}\" style=\"fill:{}\">{}{}</text>",
      tooltip(chart, series, i), x + 1, top + 1, cells.width - 2, kCell - 2, hex_of(colour),
      x + 0.5 * cells.width, top + (interval ? 17 : 24), letters_on(colour), letters_on(colour),
      number_in(y.value, cells.width), series.mark_of(i));
  if (interval) {
    out += fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" font-size=\"10\" "
        "fill=\"{}\" style=\"fill:{};font-size:10px\">[{:.3f}, {:.3f}]</text>",
        x + 0.5 * cells.width, top + 31, letters_on(colour), letters_on(colour), y.low, y.high);
  }
  return out + "</g>";
}

std::string labels(const Chart& chart, const Cells& cells, const Ink& ink) {
  std::string out;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const std::string& name = chart.series[s].name;
    out += fmt::format(
        "<text {} x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\"><title>{}</title>{}</text>",
        ink.part("tick"), cells.left - 8, kTop + (static_cast<double>(s) + 0.5) * kCell + 4,
        escape(name), escape(fitted(name, cells.left - 30)));
  }
  for (std::size_t i = 0; i < chart.categories.size(); ++i) {
    const std::string& name = chart.categories[i];
    out += fmt::format(
        "<text {} x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\"><title>{}</title>{}</text>",
        ink.part("tick"), cells.left + (static_cast<double>(i) + 0.5) * cells.width,
        cells.bottom() + 17, escape(name), escape(fitted(name, cells.width)));
  }
  out += fmt::format("<text {} x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>",
                     ink.part("label"), 0.5 * (cells.left + cells.right()), cells.bottom() + 37,
                     escape(chart.x_label));
  // In the middle of the rows where it fits there, else from below them up.
  const bool fits = text_width(chart.series_label) <= cells.bottom() - kTop;
  out += fmt::format(
      "<text {} transform=\"translate(15 {:.1f}) rotate(-90)\" text-anchor=\"{}\">{}</text>",
      ink.part("label"), fits ? 0.5 * (kTop + cells.bottom()) : cells.bottom() + kAxis,
      fits ? "middle" : "start", escape(fitted(chart.series_label, cells.bottom() + kAxis - 4)));
  return out;
}

/// The colours with the values that they stand for, below.
Drawing scale_of(const Chart& chart, const Cells& cells, const Ink& ink) {
  constexpr int kSteps = 40;
  const double length = std::min(240.0, 0.36 * width_of(chart));
  const bool negative =
      std::any_of(chart.series.begin(), chart.series.end(), [](const Series& series) {
        return std::any_of(series.y.begin(), series.y.end(),
                           [](const Estimate& y) { return y.value < 0.0; });
      });
  const double low = negative ? -1.0 : 0.0;
  const double top = cells.bottom() + kAxis + 6;
  Drawing out;
  for (int i = 0; i < kSteps; ++i) {
    const double place = low + (1.0 - low) * (i + 0.5) / kSteps;
    out.body +=
        fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\"/>",
                    cells.left + length * i / kSteps, top, length / kSteps + 0.5, kScale,
                    hex_of(colour_at(place)));
  }
  for (const double place : {low, 0.5 * (low + 1.0), 1.0}) {
    out.body +=
        fmt::format("<text {} x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.3g}</text>",
                    ink.part("tick"), cells.left + length * (place - low) / (1.0 - low),
                    top + kScale + 15, place * cells.fullest);
  }
  out.body += fmt::format(
      "<text {} x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", ink.part("legend"), cells.left + length + 16,
      top + kScale - 1, escape(fitted(chart.y_label, width_of(chart) - cells.left - length - 20)));
  out.height = top + kScale + 24;
  return out;
}

/// One end of the intervals, or the value, of each cell: [row][column].
std::vector<std::vector<double>> grid_of(const Chart& chart, double Estimate::*part) {
  std::vector<std::vector<double>> grid;
  for (const Series& series : chart.series) {
    grid.emplace_back(chart.categories.size(), std::numeric_limits<double>::quiet_NaN());
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const bool doubtful = *series.mark_of(i) != '\0';
      const auto column = static_cast<std::size_t>(series.x[i]);
      if (!doubtful && column < grid.back().size()) grid.back()[column] = series.y[i].*part;
    }
  }
  return grid;
}

/// A dark line with a light edge, which is seen on every colour.
std::string outlined(const std::string& path, double width, const char* dashes) {
  return fmt::format(
      "<path fill=\"none\" stroke=\"#ffffff\" stroke-opacity=\"0.85\" stroke-width=\"{0}\" "
      "d=\"{2}\"/><path fill=\"none\" stroke=\"#1b1f24\" stroke-width=\"{1}\"{3} d=\"{2}\"/>",
      width + 2.4, width, path, dashes);
}

constexpr const char* kUnsure = " stroke-dasharray=\"4 3\"";

/// The boundary of a level: solid for the values, dashed for the ends of their intervals.
std::string boundary(const Chart& chart, const analysis::Level& level, const Cells& cells) {
  std::string out;
  const auto draw = [&](double Estimate::*part, double width, const char* dashes) {
    std::string path;
    for (const LevelPiece& piece : level_pieces(grid_of(chart, part), level.value)) {
      const auto x = [&](double column) { return cells.left + (column + 0.5) * cells.width; };
      const auto y = [](double row) { return kTop + (row + 0.5) * kCell; };
      path += fmt::format("M{:.1f} {:.1f}L{:.1f} {:.1f}", x(piece.from[0]), y(piece.from[1]),
                          x(piece.to[0]), y(piece.to[1]));
    }
    if (!path.empty()) out += outlined(path, width, dashes);
  };
  draw(&Estimate::low, 1.2, kUnsure);
  draw(&Estimate::high, 1.2, kUnsure);
  draw(&Estimate::value, 2.2, "");
  if (out.empty()) return out;
  return fmt::format("<g class=\"level\"><title>{}</title>{}</g>", escape(level.name), out);
}

/// What the lines of levels are.
Drawing level_legend(const Chart& chart, const Cells& cells, const Ink& ink, double top) {
  Drawing out;
  out.height = top;
  for (const analysis::Level& level : chart.levels) {
    for (const auto& [name, dashes] :
         {std::pair(level.name, ""), std::pair(level.name + ", ends of the intervals", kUnsure)}) {
      const double y = out.height + 8;
      out.body += outlined(fmt::format("M{:.1f} {:.1f}h24", cells.left, y),
                           *dashes == '\0' ? 2.2 : 1.2, dashes) +
                  fmt::format("<text {} x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", ink.part("legend"),
                              cells.left + 32, y + 4,
                              escape(fitted(name, width_of(chart) - cells.left - 40)));
      out.height += kLegendLine;
    }
  }
  return out;
}

}  // namespace

Drawing draw_heat_map(const Chart& chart, const Ink& ink) {
  const Cells cells(chart);
  Drawing out;
  double top = kTop;
  for (const Series& series : chart.series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      out.body += cell(chart, series, i, cells, top);
    }
    top += kCell;
  }
  for (const analysis::Level& level : chart.levels) out.body += boundary(chart, level, cells);
  out.body += labels(chart, cells, ink);
  const Drawing scale = scale_of(chart, cells, ink);
  const Drawing names = level_legend(chart, cells, ink, scale.height);
  out.body += scale.body + names.body;
  out.height = names.height;
  return out;
}

}  // namespace spurion::report
