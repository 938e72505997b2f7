#include "harness/data/row_counts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace spurion::harness {

namespace {

/// More classes or groups than these are summed up.
constexpr std::size_t kMostShown = 24;

/// "0: 210, 1: 202"; of many: "30 of 2 to 90 rows".
std::string counts_text(const std::vector<std::int64_t>& counts) {
  if (counts.size() > kMostShown) {
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    return fmt::format("{} of {} to {} rows", counts.size(), *least, *most);
  }
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    parts.push_back(fmt::format("{}: {}", i, counts[i]));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// Which of them have no rows, by name where they have names: "2 (class 1, spurious 0)".
std::string empty_ones(const std::vector<std::int64_t>& counts,
                       const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  std::size_t empty = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) continue;
    if (++empty > kMostShown) continue;
    parts.push_back(i < names.size() ? fmt::format("{} ({})", i, names[i]) : fmt::format("{}", i));
  }
  if (empty > kMostShown) parts.push_back(fmt::format("and {} more", empty - kMostShown));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string legend(const std::string& what, const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(names.size(), kMostShown); ++i) {
    parts.push_back(fmt::format("{} is {}", i, names[i]));
  }
  if (names.size() > kMostShown) parts.emplace_back("...");
  return fmt::format("{}: {}", what, fmt::join(parts, "; "));
}

}  // namespace

std::string rows_name(const RowCounts& counts) {
  const char* split = counts.split == Split::train        ? "training rows"
                      : counts.split == Split::validation ? "validation rows"
                                                          : "test rows";
  return fmt::format("{}, of the {}", split, counts.test_domain ? "test domain" : "train domains");
}

std::string missing_groups(const RowCounts& counts, const EnvironmentInfo& info) {
  return empty_ones(counts.groups, info.group_names);
}

std::vector<std::string> missing_row_lines(const EnvironmentInfo& info) {
  std::vector<std::string> lines;
  for (const RowCounts& counts : info.row_counts) {
    const std::string classes = empty_ones(counts.classes, info.class_names);
    if (!classes.empty()) {
      lines.push_back(fmt::format("no row of class {} among the {}", classes, rows_name(counts)));
    }
    const std::string groups = missing_groups(counts, info);
    if (!groups.empty()) {
      lines.push_back(fmt::format(
          "no row of group {} among the {}: numbers by group are about the other groups", groups,
          rows_name(counts)));
    }
  }
  return lines;
}

std::vector<std::string> row_count_lines(const EnvironmentInfo& info) {
  std::vector<std::string> lines;
  if (info.row_counts.empty()) return lines;
  if (!info.class_names.empty()) {
    lines.push_back(legend("classes by their labels in the data", info.class_names));
  }
  if (!info.group_names.empty()) lines.push_back(legend("groups", info.group_names));
  for (const RowCounts& counts : info.row_counts) {
    std::string line = fmt::format("{}: {}", rows_name(counts), counts.rows);
    if (!counts.classes.empty()) line += "; by class " + counts_text(counts.classes);
    if (!counts.groups.empty()) line += "; by group " + counts_text(counts.groups);
    lines.push_back(line);
  }
  for (std::string& line : missing_row_lines(info)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace spurion::harness
