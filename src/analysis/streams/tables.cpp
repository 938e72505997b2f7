#include "analysis/streams/tables.hpp"

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

namespace {

std::string verdicts_caption(std::int64_t phase, double margin, bool accuracy) {
  return fmt::format(
      "After {}. ceiling: the invariant one of the phase. trap: score on the phase minus score on "
      "the same rows with the cues that speak there randomised, what of it is owed to cues; its "
      "change is against the model of phase 0 on the same rows. flips: largest share of "
      "predictions that one cue alone changes, after phase 0 and now; adoption: that of the newest "
      "cue, residue: of the others met so far, whether they still pay or not, unpaired: of cues "
      "never paired with the label. resolved: flips were above {} and are below, trap within it; "
      "replaced: flips were above it, and the trap is above it and risen by more (in a phase "
      "without cues: adoption is); adopted: the same, but flips were below it or nothing had "
      "shifted; unchanged: the changes of the trap and of each cue's flips lie within it; "
      "returned: "
      "the same, but they did not in a phase between. {} of the phase. What did not is neither "
      "resolved nor \"not confused\": it collapsed where it had learned phase 0, or did not learn; "
      "so did what is no better and no worse than chance in every phase so far. Where a ceiling is "
      "not known learning is not asked for. Mean with {} over seeds.{}",
      phase < 0 ? std::string("the last phase") : fmt::format("phase {}", phase), margin,
      kLearnedText, kIntervalText,
      accuracy ? ""
               : " Of regression: flips are moves of the output in standard deviations of the "
                 "target, traps what of its variance randomised cues would add.");
}

}  // namespace

Table verdicts_table(const AskedQuestion& question, const std::map<CellKey, StreamCell>& cells,
                     const std::map<CellKey, StreamVerdict>& verdicts, const std::string& axis,
                     std::int64_t phase, double margin) {
  Table table{"stream_verdicts_" + question.experiment,
              verdicts_caption(phase, margin, cells.begin()->second.any().accuracy),
              stream_columns(axis)};
  table.columns.push_back({"score", ColumnKind::estimate});
  table.columns.push_back({"ceiling", ColumnKind::number, "invariant_ceiling"});
  for (const char* title :
       {"trap", "trap change", "flips before", "flips now", "adoption", "residue", "unpaired"}) {
    table.columns.push_back({title, ColumnKind::estimate});
  }
  table.columns.push_back({"verdict"});
  for (const auto& [key, cell] : cells) {
    const StreamVerdict& verdict = verdicts.at(key);
    const auto estimate = [&, &key = key, &cell = cell](const char* what, auto number) {
      const auto at_phase = [&](const StreamNumbers& trial) {
        const std::int64_t last = phase < 0 ? trial.phases - 1 : std::min(phase, trial.phases - 1);
        return number(trial, last);
      };
      return cell.estimate(key.text() + what, at_phase, cell.any().range(), OnRows::rate);
    };
    std::vector<Cell> row = stream_names(key, axis);
    row.emplace_back(estimate("score", [](const StreamNumbers& t, std::int64_t at) {
      return t.scores[static_cast<std::size_t>(at)][static_cast<std::size_t>(at)];
    }));
    const double ceiling = estimate("ceiling", [](const StreamNumbers& t, std::int64_t at) {
                             return t.scale(at).invariant;
                           }).value;
    row.emplace_back(std::isnan(ceiling) ? Cell() : Number{ceiling, Notation::fixed, 3});
    for (const Estimate* known :
         {&verdict.trap, &verdict.trap_change, &verdict.flip_before, &verdict.flip_after}) {
      row.emplace_back(*known);
    }
    row.emplace_back(estimate(
        "adoption", [](const StreamNumbers& t, std::int64_t at) { return t.adoption(at); }));
    row.emplace_back(
        estimate("residue", [](const StreamNumbers& t, std::int64_t at) { return t.residue(at); }));
    row.emplace_back(estimate(
        "unpaired", [](const StreamNumbers& t, std::int64_t at) { return t.unpaired(at); }));
    row.emplace_back(std::string(outcome_name(verdict.outcome)));
    table.add(std::move(row));
  }
  return table;
}

Table measures_table(const AskedQuestion& question, const std::map<CellKey, StreamCell>& cells,
                     const std::string& axis, double margin) {
  Table table{
      "stream_measures_" + question.experiment,
      fmt::format(
          "Over whole streams. prequential: mean score before learning; regret: sum of "
          "shortfalls from the Bayes ceiling of each phase (as exact as the world's card says), "
          "over the rows of the stream, times 1000; recovery: "
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
  for (const char* title : {"prequential", "regret per 1000 rows", "recovery in rows", "dip",
                            "forgetting", "backward", "forward", "late - early"}) {
    table.columns.push_back({title, ColumnKind::estimate});
  }
  for (const auto& [key, cell] : cells) {
    const Range rate = cell.any().range();
    const Range change = cell.any().difference_range();
    const Range positive{0.0, Range{}.high};
    std::vector<Cell> row = stream_names(key, axis);
    const auto add = [&, &key = key, &cells_here = cell](const char* what, auto number,
                                                         const Range& range, OnRows kind,
                                                         int digits = 3) {
      row.push_back(Interval(cells_here.estimate(key.text() + what, number, range, kind), digits));
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
        rate, OnRows::stream);
    add(
        "regret",
        [](const StreamNumbers& t) {
          double rows = 0.0;
          for (const StreamWindow& window : t.windows) rows += window.rows;
          return 1000.0 * t.dynamic_regret() / rows;
        },
        {}, OnRows::none, 1);
    add(
        "recovery", [&](const StreamNumbers& t) { return t.recovery_rows(margin); }, positive,
        OnRows::none, 0);
    add(
        "dip", [](const StreamNumbers& t) { return t.worst_dip(); }, change, OnRows::none);
    add(
        "forgetting", [](const StreamNumbers& t) { return t.forgetting(); }, change,
        OnRows::paired);
    add(
        "backward", [](const StreamNumbers& t) { return t.backward_transfer(); }, change,
        OnRows::paired);
    add(
        "forward", [](const StreamNumbers& t) { return t.forward_transfer(); }, change,
        OnRows::score_less_exact);
    add(
        "late", [](const StreamNumbers& t) { return t.late_against_early(); }, change,
        OnRows::paired);
    table.add(std::move(row));
  }
  return table;
}

Table budget_table(const AskedQuestion& question, const std::map<CellKey, StreamCell>& cells) {
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
