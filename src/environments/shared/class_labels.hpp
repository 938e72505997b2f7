#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace spurion::environments {

/// Labels as recorded files have them, as classes 0, 1, 2 ... without gaps.
struct ClassLabels {
  std::vector<std::int64_t> label;  ///< of each row
  /// What class k is called in the file, if they were renumbered; else empty.
  std::vector<std::string> names;
};

/// How labels become classes.
struct LabelOptions {
  bool compact = false;  ///< number the values that occur again, in ascending order
  std::string option;    ///< what asks for that: `labels = "compact"`
  std::string column;    ///< how errors call all labels: "'x.csv': column 'label'"
  /// How errors call the label of a row: "'x.csv':3: column 'label'".
  std::function<std::string(std::int64_t)> place;
};

/// Throws `DataError`: a value that is no class, or no whole number when they are renumbered; a
/// gap among the classes when they are not, since a model would get an output that nothing trains;
/// one class; too many.
ClassLabels to_classes(const std::vector<double>& values, const LabelOptions& options);

}  // namespace spurion::environments
