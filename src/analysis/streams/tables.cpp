#include "analysis/streams/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace spurion::analysis {

std::vector<Column> stream_columns(const std::string& axis) {
  std::vector<Column> columns = {
      {"environment, stream", ColumnKind::text, "environment_stream"}, {"regime"}, {"method"}};
  if (!axis.empty()) columns.push_back({axis, ColumnKind::number});
  return columns;
}

std::vector<Cell> stream_names(const CellKey& key, const std::string& axis) {
  std::vector<Cell> cells = {key.world, key.regime, key.method};
  if (!axis.empty()) cells.emplace_back(Number{key.scale});
  return cells;
}

namespace {

/// The glossary defines the columns and the verdicts.
constexpr const char* kVerdictsCaption =
    "After {phase}: means with {interval} over seeds. Verdicts use a margin of {margin}. The "
    "glossary (or 'spurion describe TERM') defines each column and verdict.{regression}";

std::string verdicts_caption(std::int64_t phase, double margin, bool accuracy) {
  return fmt::format(
      kVerdictsCaption,
      fmt::arg("phase", phase < 0 ? std::string("the last phase") : fmt::format("phase {}", phase)),
      fmt::arg("interval", kIntervalText), fmt::arg("margin", margin),
      fmt::arg("regression",
               accuracy ? ""
                        : " For regression, flip rates are the root mean squared change of the "
                          "output in standard deviations of the target, and the cue contribution "
                          "is in shares of its variance."));
}

constexpr const char* kMeasuresCaption =
    "Over the whole stream: means with {interval} over seeds. Recovery uses a margin of {margin}. "
    "The glossary (or 'spurion describe TERM') defines each column.{regression}";

}  // namespace

Table verdicts_table(const StreamsAsked& asked, const std::map<CellKey, StreamCell>& cells,
                     const std::map<CellKey, StreamVerdict>& verdicts) {
  Table table{"stream_verdicts_" + asked.experiment,
              verdicts_caption(asked.phase, asked.margin, cells.begin()->second.any().accuracy),
              stream_columns(asked.axis)};
  table.columns.push_back({"score", ColumnKind::estimate});
  table.columns.push_back({"invariant ceiling", ColumnKind::number});
  for (const char* title :
       {"cue contribution", "cue contribution change", "max flip rate before", "max flip rate now",
        "reliance on new cues", "reliance on old cues", "reliance on unseen cues"}) {
    table.columns.push_back({title, ColumnKind::estimate});
  }
  table.columns.push_back({"verdict"});
  for (const auto& [key, cell] : cells) {
    const StreamVerdict& verdict = verdicts.at(key);
    const auto estimate = [&, &key = key, &cell = cell](const char* what, auto number) {
      const auto at_phase = [&](const StreamNumbers& trial) {
        const std::int64_t last =
            asked.phase < 0 ? trial.phases - 1 : std::min(asked.phase, trial.phases - 1);
        return number(trial, last);
      };
      return cell.estimate(key.text() + what, at_phase, cell.any().range(), OnRows::rate);
    };
    std::vector<Cell> row = stream_names(key, asked.axis);
    row.emplace_back(estimate("score", [](const StreamNumbers& t, std::int64_t at) {
      return t.scores[static_cast<std::size_t>(at)][static_cast<std::size_t>(at)];
    }));
    const double ceiling = estimate("ceiling", [](const StreamNumbers& t, std::int64_t at) {
                             return t.scale(at).invariant;
                           }).value;
    row.emplace_back(std::isnan(ceiling) ? Cell() : Number{ceiling, Notation::fixed, 3});
    for (const Estimate* known : {&verdict.cue_contribution, &verdict.cue_contribution_change,
                                  &verdict.flip_before, &verdict.flip_after}) {
      row.emplace_back(*known);
    }
    row.emplace_back(estimate("new_cue_reliance", [](const StreamNumbers& t, std::int64_t at) {
      return t.new_cue_reliance(at);
    }));
    row.emplace_back(estimate("old_cue_reliance", [](const StreamNumbers& t, std::int64_t at) {
      return t.old_cue_reliance(at);
    }));
    row.emplace_back(estimate("unseen_cue_reliance", [](const StreamNumbers& t, std::int64_t at) {
      return t.unseen_cue_reliance(at);
    }));
    row.emplace_back(std::string(outcome_name(verdict.outcome)));
    table.add(std::move(row));
  }
  return table;
}

Table measures_table(const StreamsAsked& asked, const std::map<CellKey, StreamCell>& cells) {
  Table table{
      "stream_measures_" + asked.experiment,
      fmt::format(kMeasuresCaption, fmt::arg("interval", kIntervalText),
                  fmt::arg("margin", asked.margin),
                  fmt::arg("regression",
                           cells.begin()->second.any().accuracy
                               ? ""
                               : " For regression, scores and regrets are squared errors, and the "
                                 "margin is a share of the variance of the target.")),
      stream_columns(asked.axis)};
  for (const char* title : {"prequential", "regret per 1000 rows", "recovery in rows", "max regret",
                            "forgetting", "backward", "forward", "relearning change"}) {
    table.columns.push_back({title, ColumnKind::estimate});
  }
  for (const auto& [key, cell] : cells) {
    const Range rate = cell.any().range();
    const Range change = cell.any().difference_range();
    const Range positive{0.0, Range{}.high};
    std::vector<Cell> row = stream_names(key, asked.axis);
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
        "recovery", [&](const StreamNumbers& t) { return t.recovery_rows(asked.margin); }, positive,
        OnRows::none, 0);
    add(
        "max_regret", [](const StreamNumbers& t) { return t.max_regret(); }, change, OnRows::none);
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
        "relearning_change", [](const StreamNumbers& t) { return t.relearning_change(); }, change,
        OnRows::paired);
    table.add(std::move(row));
  }
  return table;
}

Table budget_table(const std::string& experiment, const std::map<CellKey, StreamCell>& cells) {
  Table table{
      "stream_budgets_" + experiment,
      "What a trial spends, on average. "
      "rows: rows that entered a gradient. labels: labels that were revealed. updates: optimiser "
      "steps. GFLOP: floating-point operations of training (evaluation is not counted). "
      "spent: price of the labels and interventions that the model asked for after phase 0. "
      "budget: 'equal' if all of these are within 5 % of the median of the same environment, "
      "stream and scale; otherwise the ratio to the median. Do not compare methods with different "
      "budgets.",
      {{"environment, stream", ColumnKind::text, "environment_stream"},
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
      const std::vector<double>& values = peers[{key.world, key.scale}][i];
      const double median = values[values.size() / 2];
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
