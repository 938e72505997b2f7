#pragma once

#include <string>
#include <vector>

#include "spurion/suite.hpp"

namespace spurion::harness {

/// One axis of a grid: where it applies and its values.
struct GridAxis {
  std::string section;
  std::string field;  ///< empty: the whole section
  std::vector<Value> values;
  /// "model.width", or the section alone.
  [[nodiscard]] std::string name() const { return field.empty() ? section : section + '.' + field; }
};

/// The axes of an experiment's grid, those of whole sections first: single fields are laid over
/// them. What is wrong with the grid is added to `problems`.
std::vector<GridAxis> read_axes(const Experiment& experiment, Problems& problems);

/// Lays a value of an axis over sections.
void apply_axis(const GridAxis& axis, const Value& value, Value& sections);

}  // namespace spurion::harness
