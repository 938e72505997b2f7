#include "analysis/merge_answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace spurion::analysis {

namespace {

bool same_columns(const Table& a, const Table& b) {
  return std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const Column& one, const Column& other) {
                      return one.title == other.title && one.kind == other.kind &&
                             one.key == other.key;
                    });
}

/// The table with a first column that says the value of each row.
Table with_value(const Table& table, const std::string& by, const std::string& value) {
  Table out = table;
  // A table may have a column of that name: in files they are told apart.
  out.columns.insert(out.columns.begin(), Column{by, ColumnKind::text, "by_" + by});
  for (auto& row : out.rows) row.insert(row.begin(), Cell(value));
  return out;
}

}  // namespace

Answer merged(const std::string& by, std::vector<PartAnswer> parts) {
  Answer out;
  for (PartAnswer& part : parts) {
    const std::string named = fmt::format("{} = {}", by, part.value);
    out.sentence +=
        fmt::format("{}{}: {}", out.sentence.empty() ? "" : "\n", named, part.answer.sentence);
    while (!out.sentence.empty() && out.sentence.back() == ' ') out.sentence.pop_back();
    for (Chart& chart : part.answer.charts) {
      chart.name += fmt::format("_{}_{}", by, part.value);
      chart.title += ", " + named;
      out.charts.push_back(std::move(chart));
    }
    for (Check& check : part.answer.checks) {
      check.label = fmt::format("{}, {}", named, check.label);
      out.checks.push_back(std::move(check));
    }
    for (Contrast& contrast : part.answer.contrasts) {
      contrast.name += fmt::format(", {}", named);
      out.contrasts.push_back(std::move(contrast));
    }
    for (const Table& table : part.answer.tables) {
      Table own = with_value(table, by, part.value);
      const auto same = std::find_if(out.tables.begin(), out.tables.end(), [&](const Table& one) {
        return one.name == own.name && one.caption == own.caption && same_columns(one, own);
      });
      if (same == out.tables.end()) {
        out.tables.push_back(std::move(own));
      } else {
        same->rows.insert(same->rows.end(), own.rows.begin(), own.rows.end());
      }
    }
  }
  return out;
}

}  // namespace spurion::analysis
