#include "spurion/analysis/streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"
#include "analysis/stream_charts.hpp"
#include "analysis/variant_names.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

/// The options of a regime that make the stream: part of the world, not of the regime.
const std::set<std::string>& trajectory_options() {
  static const std::set<std::string> options = {"trajectory", "phases",        "phase_count",
                                                "period",     "rate",          "walk",
                                                "finale",     "reserved_cues", "lengths"};
  return options;
}

/// "two_shortcuts, replacement".
std::string world_of(const TrialSpec& spec, const VariantNames& environments) {
  std::string name = environments(spec);
  if (const Value* trajectory = spec.regime.options.find("trajectory")) {
    name += ", " + trajectory->as_string();
  }
  return name;
}

/// The trials of one world, regime, method and scale, by what else varies.
struct Cell {
  std::map<std::string, std::vector<StreamNumbers>> strata;
  Cost cost;  ///< summed
  std::int64_t trials = 0;

  [[nodiscard]] std::vector<std::vector<StreamNumbers>> lists() const {
    std::vector<std::vector<StreamNumbers>> all;
    for (const auto& [setting, list] : strata) all.push_back(list);
    return all;
  }
  template <class Number>
  [[nodiscard]] Estimate estimate(const std::string& key, Number number) const {
    std::vector<std::vector<double>> values;
    for (const auto& [setting, list] : strata) {
      values.emplace_back();
      for (const StreamNumbers& trial : list) {
        const double value = number(trial);
        if (!std::isnan(value)) values.back().push_back(value);
      }
    }
    return stratified_bootstrap(values, key);
  }
};

struct CellKey {
  std::string world;
  std::string regime;
  std::string method;
  double scale = 0.0;

  bool operator<(const CellKey& other) const {
    return std::tie(world, regime, method, scale) <
           std::tie(other.world, other.regime, other.method, other.scale);
  }
  [[nodiscard]] std::string text() const {
    return fmt::format("{} {} {} {}", world, regime, method, scale);
  }
};

std::string show_defined(const Estimate& estimate, int digits = 3) {
  return estimate.count == 0 ? "-" : show(estimate, digits);
}

/// What else of a trial varies, without what a cell is named by.
std::string rest_of(const TrialSpec& spec, const std::string& axis) {
  Value canonical = spec.canonical();
  for (const char* key : {"environment", "regime", "method", "seed", "draw", "suite_seed"}) {
    canonical.as_table().erase(key);
  }
  const auto dot = axis.find('.');
  if (dot != std::string::npos) {
    const auto section = canonical.as_table().find(axis.substr(0, dot));
    if (section != canonical.as_table().end()) {
      Value& table = section->second;
      Value::Table& options = table.find("options") != nullptr
                                  ? table.as_table().at("options").as_table()
                                  : table.as_table();
      options.erase(axis.substr(dot + 1));
    }
  }
  return canonical.canonical_json();
}

std::map<CellKey, Cell> cells_of(const StoredResults& results, const Question& question,
                                 const std::string& axis) {
  std::set<std::string> scaled;
  if (axis.rfind("environment.", 0) == 0) scaled.insert(axis.substr(12));
  const VariantNames environments(results, question.experiment, &TrialSpec::environment, scaled);
  const VariantNames regimes(results, question.experiment, &TrialSpec::regime,
                             trajectory_options());
  const VariantNames methods(results, question.experiment, &TrialSpec::method);
  std::map<CellKey, Cell> cells;
  for (const TrialResult& trial : results.trials) {
    if (trial.spec.experiment != question.experiment || trial.status != Status::done) continue;
    auto numbers = stream_numbers(trial);
    if (!numbers) continue;
    CellKey key{world_of(trial.spec, environments), regimes(trial.spec), methods(trial.spec)};
    if (!axis.empty()) {
      const auto scale = axis_value(trial.spec, axis);
      if (!scale) continue;
      key.scale = scale->number;
    }
    Cell& cell = cells[key];
    cell.strata[rest_of(trial.spec, axis)].push_back(std::move(*numbers));
    cell.cost.steps += trial.cost.steps;
    cell.cost.rows_seen += trial.cost.rows_seen;
    cell.cost.labels_used += trial.cost.labels_used;
    cell.cost.flops += trial.cost.flops;
    ++cell.trials;
  }
  return cells;
}

/// Prequential numbers exist online only; everything else for all.
Table measures_table(const Question& question, const std::map<CellKey, Cell>& cells,
                     const std::string& axis, double margin) {
  Table table{
      "stream_measures_" + question.experiment,
      fmt::format(
          "Over whole streams. prequential: mean score before learning; regret: sum of "
          "shortfalls from the exact Bayes ceiling of each phase, per 1000 rows; recovery: "
          "rows after a shift until a window is within {} of the ceiling (a phase that ends "
          "before counts whole); dip: largest shortfall of a window; forgetting and "
          "transfer as in Chaudhry et al. 2018 and Lopez-Paz & Ranzato 2017; late - early: "
          "the same phase met again (below 0: plasticity was lost). Mean with 95 % "
          "bootstrap interval over trials.",
          margin),
      {"world", "regime", "method", "prequential", "regret", "recovery", "dip", "forgetting",
       "backward", "forward", "late - early"},
      {}};
  if (!axis.empty()) table.header.insert(table.header.begin() + 3, axis);
  for (const auto& [key, cell] : cells) {
    const auto text = [&, &key = key, &cell = cell](const char* what, auto number, int digits = 3) {
      return show_defined(cell.estimate(key.text() + what, number), digits);
    };
    std::vector<std::string> row = {
        key.world,
        key.regime,
        key.method,
        text("prequential",
             [](const StreamNumbers& t) {
               double sum = 0.0;
               double rows = 0.0;
               for (const StreamWindow& window : t.windows) {
                 sum += window.score * window.rows;
                 rows += window.rows;
               }
               return rows > 0.0 ? sum / rows : std::nan("");
             }),
        text(
            "regret",
            [](const StreamNumbers& t) {
              double rows = 0.0;
              for (const StreamWindow& window : t.windows) rows += window.rows;
              return 1000.0 * t.dynamic_regret() / rows;
            },
            1),
        text(
            "recovery", [&](const StreamNumbers& t) { return t.recovery_rows(margin); }, 0),
        text("dip", [](const StreamNumbers& t) { return t.worst_dip(); }),
        text("forgetting", [](const StreamNumbers& t) { return t.forgetting(); }),
        text("backward", [](const StreamNumbers& t) { return t.backward_transfer(); }),
        text("forward", [](const StreamNumbers& t) { return t.forward_transfer(); }),
        text("late", [](const StreamNumbers& t) { return t.late_against_early(); })};
    if (!axis.empty()) row.insert(row.begin() + 3, fmt::format("{}", key.scale));
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// Where a world's regimes and methods did not spend the same, it is said.
Table budget_table(const Question& question, const std::map<CellKey, Cell>& cells) {
  Table table{
      "stream_budgets_" + question.experiment,
      "What each trial was counted to spend, on average: rows that entered a gradient, "
      "labels revealed, updates, floating-point operations of passes through the model. "
      "'as most': within 5 % of the median of its world at its scale in rows and updates; "
      "comparisons with another budget are not like with like.",
      {"world", "regime", "method", "scale", "rows", "labels", "updates", "GFLOP", "budget"},
      {}};
  std::map<std::pair<std::string, double>, std::vector<std::pair<double, double>>> spent;
  const auto each = [](const Cell& cell, auto total) {
    return static_cast<double>(total) / static_cast<double>(cell.trials);
  };
  for (const auto& [key, cell] : cells) {
    spent[{key.world, key.scale}].emplace_back(each(cell, cell.cost.rows_seen),
                                               each(cell, cell.cost.steps));
  }
  const auto median = [](std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  for (const auto& [key, cell] : cells) {
    std::vector<double> rows;
    std::vector<double> steps;
    for (const auto& [r, s] : spent[{key.world, key.scale}]) {
      rows.push_back(r);
      steps.push_back(s);
    }
    const auto near = [](double value, double usual) {
      return std::abs(value - usual) <= 0.05 * usual;
    };
    const bool same = near(each(cell, cell.cost.rows_seen), median(rows)) &&
                      near(each(cell, cell.cost.steps), median(steps));
    table.rows.push_back({key.world, key.regime, key.method, fmt::format("{}", key.scale),
                          fmt::format("{:.0f}", each(cell, cell.cost.rows_seen)),
                          fmt::format("{:.0f}", each(cell, cell.cost.labels_used)),
                          fmt::format("{:.0f}", each(cell, cell.cost.steps)),
                          fmt::format("{:.3g}", each(cell, cell.cost.flops) * 1e-9),
                          same ? "as most" : "another"});
  }
  return table;
}

/// "continual (erm) replaced the cue in 3 of 4, resolved 0, ...".
std::string summary(const std::map<std::pair<std::string, std::string>,
                                   std::map<StreamOutcome, std::int64_t>>& counts) {
  std::string text;
  for (const auto& [who, outcomes] : counts) {
    std::int64_t all = 0;
    for (const auto& [outcome, count] : outcomes) all += count;
    const auto of = [&, &outcomes = outcomes](StreamOutcome outcome) {
      const auto found = outcomes.find(outcome);
      return found == outcomes.end() ? std::int64_t{0} : found->second;
    };
    text += fmt::format("{} ({}): of {} replaced {}, resolved {}, unchanged {}", who.first,
                        who.second, all, of(StreamOutcome::replaced), of(StreamOutcome::resolved),
                        of(StreamOutcome::unchanged));
    if (of(StreamOutcome::not_confused) > 0) {
      text += fmt::format(", not confused {}", of(StreamOutcome::not_confused));
    }
    if (of(StreamOutcome::undecided) > 0) {
      text += fmt::format(", undecided {}", of(StreamOutcome::undecided));
    }
    text += ". ";
  }
  return text;
}

}  // namespace

Answer streams(const StoredResults& results, const Question& question) {
  const std::string axis = text_option(question, "axis", "");
  const double margin = number_option(question, "margin", 0.1);
  const auto phase = static_cast<std::int64_t>(number_option(question, "phase", -1.0));
  const std::map<CellKey, Cell> cells = cells_of(results, question, axis);
  Answer answer;
  if (cells.empty()) {
    answer.sentence = "No trial of this experiment that has finished was on a stream.";
    return answer;
  }
  Table table{
      "stream_verdicts_" + question.experiment,
      fmt::format(
          "After {}. trap: score on the phase minus score on the same rows with every cue "
          "randomised, what of it is owed to cues; its change is against the model of phase 0 on "
          "the same rows. flips: largest share of predictions that one cue alone changes, after "
          "phase 0 and now; adoption: that of the newest cue, residue: of older ones, unpaired: of "
          "cues never paired with the label. resolved: flips were above {} and are below, trap "
          "within it; replaced: trap above it and risen by more; unchanged: both changes within "
          "it. Mean with 95 % bootstrap interval over trials.",
          phase < 0 ? std::string("the last phase") : fmt::format("phase {}", phase), margin),
      {"world", "regime", "method", "score", "trap", "trap change", "flips before", "flips now",
       "adoption", "residue", "unpaired", "verdict"},
      {}};
  if (!axis.empty()) table.header.insert(table.header.begin() + 3, axis);
  std::map<std::pair<std::string, std::string>, std::map<StreamOutcome, std::int64_t>> counts;
  for (const auto& [key, cell] : cells) {
    const StreamVerdict verdict = stream_verdict(cell.lists(), phase, margin, key.text());
    ++counts[{key.regime, key.method}][verdict.outcome];
    const auto text = [&, &key = key, &cell = cell](const char* what, auto number) {
      return show_defined(cell.estimate(key.text() + what, [&](const StreamNumbers& trial) {
        const std::int64_t last = phase < 0 ? trial.phases - 1 : std::min(phase, trial.phases - 1);
        return number(trial, last);
      }));
    };
    std::vector<std::string> row = {
        key.world,
        key.regime,
        key.method,
        text("score",
             [](const StreamNumbers& t, std::int64_t at) {
               return t.scores[static_cast<std::size_t>(at)][static_cast<std::size_t>(at)];
             }),
        show_defined(verdict.trap),
        show_defined(verdict.trap_change),
        show_defined(verdict.flip_before),
        show_defined(verdict.flip_after),
        text("adoption", [](const StreamNumbers& t, std::int64_t at) { return t.adoption(at); }),
        text("residue", [](const StreamNumbers& t, std::int64_t at) { return t.residue(at); }),
        text("unpaired", [](const StreamNumbers& t, std::int64_t at) { return t.unpaired(at); }),
        outcome_name(verdict.outcome)};
    if (!axis.empty()) row.insert(row.begin() + 3, fmt::format("{}", key.scale));
    table.rows.push_back(std::move(row));
  }
  answer.sentence = summary(counts);
  answer.tables.push_back(std::move(table));
  answer.tables.push_back(measures_table(question, cells, axis, margin));
  answer.tables.push_back(budget_table(question, cells));

  std::map<std::string, std::map<std::string, StreamLines>> lines;  // world -> line -> trials
  for (const auto& [key, cell] : cells) {
    const std::string line = key.regime + ", " + key.method;
    if (axis.empty()) lines[key.world][line].strata = cell.lists();
  }
  for (const auto& [world, each] : lines) {
    for (Chart& chart : stream_charts(question.experiment, world, each)) {
      answer.charts.push_back(std::move(chart));
    }
  }
  if (!axis.empty()) {
    std::map<std::string,
             std::map<std::string, std::map<double, std::vector<std::vector<StreamNumbers>>>>>
        scaled;
    for (const auto& [key, cell] : cells) {
      scaled[key.world][key.regime + ", " + key.method][key.scale] = cell.lists();
    }
    for (const auto& [world, each] : scaled) {
      answer.charts.push_back(flips_against_scale(question.experiment, world, axis, phase, each));
    }
  }
  return answer;
}

}  // namespace spurion::analysis
