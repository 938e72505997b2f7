#include "analysis/stream_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace spurion::analysis {

std::vector<Column> stream_columns(const std::string& axis) {
  std::vector<Column> columns = {{"world"}, {"regime"}, {"method"}};
  if (!axis.empty()) columns.push_back({axis, ColumnKind::number});
  return columns;
}

std::vector<Cell> stream_names(const CellKey& key, const std::string& axis) {
  std::vector<Cell> cells = {key.world, key.regime, key.method};
  if (!axis.empty()) cells.emplace_back(Number{key.scale});
  return cells;
}

Table measures_table(const Question& question, const std::map<CellKey, StreamCell>& cells,
                     const std::string& axis, double margin) {
  Table table{
      "stream_measures_" + question.experiment,
      fmt::format(
          "Over whole streams. prequential: mean score before learning; regret: sum of "
          "shortfalls from the Bayes ceiling of each phase (as exact as the world's card says), "
          "per 1000 rows; recovery: "
          "rows after a shift until a window is within {} of the ceiling, counted in whole windows "
          "(a "
          "phase that ends before counts whole); dip: largest shortfall of a window; forgetting "
          "and "
          "transfer as in Chaudhry et al. 2018 and Lopez-Paz & Ranzato 2017; late - early: "
          "the same phase met again, after others (below 0: it is learned less well, for want of "
          "plasticity or from interference). Mean with {} over seeds.{}",
          margin, kIntervalText,
          cells.begin()->second.any().accuracy
              ? ""
              : " Of regression: scores, regret and dips are squared errors, and the margin is a "
                "share of the target's variance."),
      stream_columns(axis)};
  for (const char* title : {"prequential", "regret", "recovery", "dip", "forgetting", "backward",
                            "forward", "late - early"}) {
    table.columns.push_back({title, ColumnKind::estimate});
  }
  for (const auto& [key, cell] : cells) {
    const Range rate = cell.any().range();
    const Range change = cell.any().difference_range();
    const Range positive{0.0, Range{}.high};
    std::vector<Cell> row = stream_names(key, axis);
    const auto add = [&, &key = key, &cells_here = cell](const char* what, auto number,
                                                         const Range& range, int digits = 3) {
      row.push_back(Interval(cells_here.estimate(key.text() + what, number, range), digits));
    };
    add(
        "prequential",
        [](const StreamNumbers& t) {
          double sum = 0.0;
          double rows = 0.0;
          for (const StreamWindow& window : t.windows) {
            sum += window.score * window.rows;
            rows += window.rows;
          }
          return rows > 0.0 ? sum / rows : std::nan("");
        },
        rate);
    add(
        "regret",
        [](const StreamNumbers& t) {
          double rows = 0.0;
          for (const StreamWindow& window : t.windows) rows += window.rows;
          return 1000.0 * t.dynamic_regret() / rows;
        },
        {}, 1);
    add(
        "recovery", [&](const StreamNumbers& t) { return t.recovery_rows(margin); }, positive, 0);
    add(
        "dip", [](const StreamNumbers& t) { return t.worst_dip(); }, change);
    add(
        "forgetting", [](const StreamNumbers& t) { return t.forgetting(); }, change);
    add(
        "backward", [](const StreamNumbers& t) { return t.backward_transfer(); }, change);
    add(
        "forward", [](const StreamNumbers& t) { return t.forward_transfer(); }, change);
    add(
        "late", [](const StreamNumbers& t) { return t.late_against_early(); }, change);
    table.add(std::move(row));
  }
  return table;
}

Table budget_table(const Question& question, const std::map<CellKey, StreamCell>& cells) {
  Table table{
      "stream_budgets_" + question.experiment,
      "What each trial was counted to spend, on average: rows that entered a gradient, "
      "labels revealed, updates, floating-point operations of the passes it learned from "
      "(predictions that are only scored are not counted). spent: labels and interventions at "
      "their price, after phase 0, where these are asked for. "
      "'equal': all within 5 % of the median of its world at its scale; else how many times "
      "the median. Comparisons at another budget are not like with like.",
      {{"world"},
       {"regime"},
       {"method"},
       {"scale", ColumnKind::number},
       {"rows", ColumnKind::number},
       {"labels", ColumnKind::number},
       {"updates", ColumnKind::number},
       {"GFLOP", ColumnKind::number},
       {"spent", ColumnKind::number},
       {"budget"}}};
  constexpr const char* kNames[] = {"rows", "labels", "updates", "GFLOP"};
  const auto spending = [](const StreamCell& cell) {
    const auto trials = static_cast<double>(cell.trials);
    return std::array<double, 4>{static_cast<double>(cell.cost.rows_seen) / trials,
                                 static_cast<double>(cell.cost.labels_used) / trials,
                                 static_cast<double>(cell.cost.steps) / trials,
                                 cell.cost.flops * 1e-9 / trials};
  };
  std::map<std::pair<std::string, double>, std::array<std::vector<double>, 4>> peers;
  for (const auto& [key, cell] : cells) {
    const auto spent = spending(cell);
    for (std::size_t i = 0; i < spent.size(); ++i) {
      peers[{key.world, key.scale}][i].push_back(spent[i]);
    }
  }
  for (auto& [world, each] : peers) {
    for (std::vector<double>& values : each) std::sort(values.begin(), values.end());
  }
  for (const auto& [key, cell] : cells) {
    const auto spent = spending(cell);
    std::vector<std::string> other;
    for (std::size_t i = 0; i < spent.size(); ++i) {
      const std::vector<double>& usual = peers[{key.world, key.scale}][i];
      const double median = usual[usual.size() / 2];
      if (std::abs(spent[i] - median) <= 0.05 * median) continue;
      other.push_back(fmt::format("{} x {:.2g}", kNames[i], spent[i] / median));
    }
    const auto whole = [](double value) { return Number{value, Notation::fixed, 0}; };
    table.add(
        {key.world, key.regime, key.method, Number{key.scale}, whole(spent[0]), whole(spent[1]),
         whole(spent[2]), Number{spent[3], Notation::significant, 3},
         std::isnan(cell.spent) ? Cell() : whole(cell.spent / static_cast<double>(cell.trials)),
         other.empty() ? "equal" : fmt::format("{}", fmt::join(other, ", "))});
  }
  return table;
}

}  // namespace spurion::analysis
