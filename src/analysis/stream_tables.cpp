#include "analysis/stream_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace spurion::analysis {

Table measures_table(const Question& question, const std::map<CellKey, Cell>& cells,
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
      {"world", "regime", "method", "prequential", "regret", "recovery", "dip", "forgetting",
       "backward", "forward", "late - early"},
      {}};
  if (!axis.empty()) table.header.insert(table.header.begin() + 3, axis);
  for (const auto& [key, cell] : cells) {
    const Range rate = cell.any().range();
    const Range change = cell.any().difference_range();
    const Range positive{0.0, Range{}.high};
    const auto text = [&, &key = key, &cell = cell](const char* what, auto number,
                                                    const Range& range, int digits = 3) {
      return show_defined(cell.estimate(key.text() + what, number, range), digits);
    };
    std::vector<std::string> row = {
        key.world,
        key.regime,
        key.method,
        text(
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
            rate),
        text(
            "regret",
            [](const StreamNumbers& t) {
              double rows = 0.0;
              for (const StreamWindow& window : t.windows) rows += window.rows;
              return 1000.0 * t.dynamic_regret() / rows;
            },
            {}, 1),
        text(
            "recovery", [&](const StreamNumbers& t) { return t.recovery_rows(margin); }, positive,
            0),
        text(
            "dip", [](const StreamNumbers& t) { return t.worst_dip(); }, change),
        text(
            "forgetting", [](const StreamNumbers& t) { return t.forgetting(); }, change),
        text(
            "backward", [](const StreamNumbers& t) { return t.backward_transfer(); }, change),
        text(
            "forward", [](const StreamNumbers& t) { return t.forward_transfer(); }, change),
        text(
            "late", [](const StreamNumbers& t) { return t.late_against_early(); }, change)};
    if (!axis.empty()) row.insert(row.begin() + 3, fmt::format("{}", key.scale));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table budget_table(const Question& question, const std::map<CellKey, Cell>& cells) {
  Table table{
      "stream_budgets_" + question.experiment,
      "What each trial was counted to spend, on average: rows that entered a gradient, "
      "labels revealed, updates, floating-point operations of the passes it learned from "
      "(predictions that are only scored are not counted). spent: labels and interventions at "
      "their price, after phase 0, where these are asked for. "
      "'equal': all within 5 % of the median of its world at its scale; else how many times "
      "the median. Comparisons at another budget are not like with like.",
      {"world", "regime", "method", "scale", "rows", "labels", "updates", "GFLOP", "spent",
       "budget"},
      {}};
  constexpr const char* kNames[] = {"rows", "labels", "updates", "GFLOP"};
  const auto spending = [](const Cell& cell) {
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
    table.rows.push_back(
        {key.world, key.regime, key.method, fmt::format("{}", key.scale),
         fmt::format("{:.0f}", spent[0]), fmt::format("{:.0f}", spent[1]),
         fmt::format("{:.0f}", spent[2]), fmt::format("{:.3g}", spent[3]),
         std::isnan(cell.spent)
             ? "-"
             : fmt::format("{:.0f}", cell.spent / static_cast<double>(cell.trials)),
         other.empty() ? "equal" : fmt::format("{}", fmt::join(other, ", "))});
  }
  return table;
}

}  // namespace spurion::analysis
