#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "spurion/analysis/chart.hpp"

namespace spurion::report {

/// How a series is drawn: its colour and marker, or the dashes of a reference.
struct Pen {
  bool reference = false;
  std::size_t index = 0;
};

/// Which pen each series of a chart is drawn with. Series without points keep theirs, so that one
/// has one colour in all charts of an environment.
std::vector<Pen> pens_of(const analysis::Chart& chart);

/// Gives parts of a chart their looks: on a page by classes, whose style sheet follows light, dark
/// and print; in a file of its own by attributes with literal colours, for programs other than
/// browsers know neither CSS variables nor currentColor.
class Ink {
 public:
  explicit Ink(bool literal) : literal_(literal) {}

  /// The attributes of a part that belongs to no series.
  [[nodiscard]] std::string part(const std::string& name) const;
  /// The same of one that does.
  [[nodiscard]] std::string part(const std::string& name, const Pen& pen) const;
  /// The attributes of the group of a series' parts.
  [[nodiscard]] std::string group(const Pen& pen) const;

 private:
  bool literal_;
};

/// A sign for the points of a series: circle, square, triangle, diamond.
std::string marker(std::size_t index, double x, double y);

/// A text that fits so many pixels, by a generous estimate of its width; shortened with "...".
std::string fitted(const std::string& text, double width);
/// That estimate.
double text_width(const std::string& text);

}  // namespace spurion::report
