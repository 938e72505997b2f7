#include "environments/shared/class_labels.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

constexpr std::size_t kMostClasses = 1000;

/// "1 (200 rows), 2 (3 rows)": the first ones where there are many.
std::string values_text(const std::map<double, std::int64_t>& rows_of) {
  constexpr std::size_t kMostShown = 12;
  std::vector<std::string> parts;
  for (const auto& [value, rows] : rows_of) {
    if (parts.size() == kMostShown) {
      parts.push_back(fmt::format("... {} in all", rows_of.size()));
      break;
    }
    parts.push_back(fmt::format("{} ({} row{})", value, rows, rows == 1 ? "" : "s"));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// Rows of each value; throws at the first that cannot be a class.
std::map<double, std::int64_t> count_values(const std::vector<double>& values,
                                            const LabelOptions& options) {
  constexpr double kMost = 9007199254740992.0;  // 2^53: whole numbers beyond it may be rounded
  std::map<double, std::int64_t> rows_of;
  for (std::size_t row = 0; row < values.size(); ++row) {
    const double value = values[row];
    const bool whole = value == std::floor(value) && std::fabs(value) <= kMost;
    if (!whole || (value < 0.0 && !options.compact)) {
      const std::string expected = options.compact ? "a whole number" : "a class 0, 1, 2 ...";
      const std::string hint =
          whole ? fmt::format("; {} numbers the values that occur anew", options.option)
                : "; numbers are the labels of task = \"regression\"";
      throw DataError(fmt::format("{}: expected {}, found {}{}",
                                  options.place(static_cast<std::int64_t>(row)), expected, value,
                                  hint));
    }
    ++rows_of[value];
    if (rows_of.size() > kMostClasses) {
      throw DataError(fmt::format("{}: more than {} different labels; expected at most as many",
                                  options.place(static_cast<std::int64_t>(row)), kMostClasses));
    }
  }
  return rows_of;
}

}  // namespace

ClassLabels to_classes(const std::vector<double>& values, const LabelOptions& options) {
  const std::map<double, std::int64_t> rows_of = count_values(values, options);
  if (rows_of.size() < 2) {
    throw DataError(fmt::format("{}: every label is {}; expected two classes or more",
                                options.column, rows_of.empty() ? 0.0 : rows_of.begin()->first));
  }
  const bool gaps = rows_of.rbegin()->first != static_cast<double>(rows_of.size() - 1) ||
                    rows_of.begin()->first != 0.0;
  if (gaps && !options.compact) {
    throw DataError(fmt::format(
        "{}: the classes found are {}; expected 0, 1, 2 ... without a gap, since each number up to "
        "the largest is an output of the model; {} numbers the values that occur anew, in "
        "ascending order",
        options.column, values_text(rows_of), options.option));
  }
  ClassLabels out;
  std::map<double, std::int64_t> class_of;
  for (const auto& [value, rows] : rows_of) {
    class_of.emplace(value, static_cast<std::int64_t>(class_of.size()));
    if (options.compact) out.names.push_back(fmt::format("{}", value + 0.0));
  }
  out.label.reserve(values.size());
  for (const double value : values) out.label.push_back(class_of.at(value));
  if (!gaps) out.names.clear();  // numbered as they were
  return out;
}

}  // namespace spurion::environments
