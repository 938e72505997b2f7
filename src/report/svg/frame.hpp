#pragma once

#include <limits>
#include <string>
#include <vector>

#include "report/svg/ink.hpp"
#include "report/svg/overlap.hpp"
#include "spurion/analysis/chart.hpp"

/// \file
/// What the kinds of charts share: sizes, round steps, the legend, tooltips.

namespace spurion::report {

inline constexpr double kLeft = 62;
inline constexpr double kRight = 18;
inline constexpr double kTop = 16;
inline constexpr double kAxis = 48;
inline constexpr double kLegendLine = 20;

/// A chart of a panel is smaller, and drawn so: scaled down its text would be too small to read.
inline double width_of(const analysis::Chart& chart) { return chart.panel.empty() ? 720 : 460; }

/// The values along an axis.
struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  /// Makes room for a value that is finite.
  void add(double value);
};

/// Round steps of 1, 2 or 5 times a power of ten, about `count` of them.
std::vector<double> ticks(const Extent& extent, int count);

/// A picture without its frame.
struct Drawing {
  std::string body;
  double height = 0.0;
};

/// Entries in rows that fit the width, below `bottom`; adds its height. A series that lies on an
/// earlier one says so. `overlaps`: one a series; empty: none overlap.
Drawing legend(const analysis::Chart& chart, const Ink& ink, double left, double bottom,
               const std::vector<Overlap>& overlaps = {});

/// "erm at 16: 0.1234 [0.1000, 0.1500]", for a title element.
std::string tooltip(const analysis::Chart& chart, const analysis::Series& series, std::size_t i);

// One for each kind of chart; each in a file of its name.
Drawing draw_lines(const analysis::Chart& chart, const Ink& ink);  ///< lines and scatter
Drawing draw_bars(const analysis::Chart& chart, const Ink& ink);   ///< bars and dots
Drawing draw_heat_map(const analysis::Chart& chart, const Ink& ink);

}  // namespace spurion::report
