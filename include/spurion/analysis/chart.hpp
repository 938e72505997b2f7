#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "spurion/analysis/statistics.hpp"

namespace spurion::analysis {

/// How the numbers of a chart are drawn.
enum class ChartKind {
  line,      ///< a line a series over x, with its interval as a band
  bar,       ///< a bar a category and series from 0, with its interval as a whisker
  dot,       ///< a point a category and series, with its interval as a whisker
  heat_map,  ///< a cell a category (column) and series (row), its colour the value
  scatter    ///< a point each; reference series are lines
};

/// How a series of a chart of lines is drawn.
enum class SeriesLook {
  line,    ///< a line through its points, with its interval as a band
  points,  ///< a point each, with its interval as a whisker
  curve    ///< a line without points, with its interval as a band, such as a fitted law
};

/// One line of a chart: its points. Of bars, dots and a heat map x is the number of a category.
struct Series {
  std::string name;         ///< what the legend says
  std::vector<double> x;    ///< places along the axis
  std::vector<Estimate> y;  ///< [x]: the numbers there
  bool reference = false;   ///< a ceiling or a guide: drawn dashed, without interval
  /// Of a heat map: cells marked with *, whose numbers do not mean what the others do; empty: none.
  std::vector<bool> doubtful = {};
  SeriesLook look = SeriesLook::line;  ///< of a chart of lines
  /// Points that are drawn hollow, because the law beside them was fitted without them; empty:
  /// none.
  std::vector<bool> held_out = {};
  /// The number of the series whose colour it has, such as the points of a fitted law; below 0: a
  /// colour of its own.
  int colour_of = -1;

  /// "*" of a point that is marked, else nothing.
  [[nodiscard]] const char* mark_of(std::size_t i) const {
    return i < doubtful.size() && doubtful[i] ? "*" : "";
  }
  /// Whether a point is drawn hollow.
  [[nodiscard]] bool is_held_out(std::size_t i) const { return i < held_out.size() && held_out[i]; }
};

/// A boundary in a heat map: where the values between neighbouring cells cross `value`. Where the
/// lower and the upper ends of the intervals cross it is drawn dashed: between the two dashed lines
/// a side is not shown.
struct Level {
  std::string name;    ///< what the legend says
  double value = 0.0;  ///< on either side of the boundary
};

/// A chart that knows nothing of how it is drawn: SVG, CSV and text are made of it.
struct Chart {
  std::string name;            ///< file name of its CSV
  std::string title;           ///< above the picture
  std::string x_label;         ///< below the axis
  std::string y_label;         ///< what the numbers are
  std::string note;            ///< what the intervals are
  bool log_x = false;          ///< as long as all values of x are above 0
  bool steps = false;          ///< of lines: values hold until the next
  std::vector<Series> series;  ///< the lines, rows, bars or points
  std::vector<double> marks;   ///< vertical lines: times of shifts
  /// Charts of the same panel are drawn small, side by side, under this heading; empty: large.
  std::string panel = {};
  ChartKind kind = ChartKind::line;          ///< how the series are drawn
  std::vector<std::string> categories = {};  ///< names of x = 0, 1, ... of bars, dots and heat maps
  std::string series_label = {};             ///< of a heat map: what its rows are
  /// Of lines: y on a logarithmic scale, as long as some value is above 0. What is not lies on the
  /// lower edge, and its tooltip says the number.
  bool log_y = false;
  std::vector<Level> levels = {};  ///< boundaries of a heat map

  /// The text of an x value: the category's name, or the number.
  [[nodiscard]] SPURION_API std::string x_text(double x) const;
};

}  // namespace spurion::analysis
