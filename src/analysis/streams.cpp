#include "spurion/analysis/streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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
  static const std::set<std::string> options = {"phases", "phase_count", "period",        "rate",
                                                "walk",   "finale",      "reserved_cues", "lengths",
                                                "drift",  "drift_levels"};
  return options;
}

/// The trials of one world, regime, method and scale, by what else varies.
struct Cell {
  std::map<std::string, std::vector<StreamNumbers>> strata;
  Cost cost;  ///< summed
  std::int64_t trials = 0;

  [[nodiscard]] const StreamNumbers& any() const { return strata.begin()->second.front(); }
  [[nodiscard]] std::vector<std::vector<StreamNumbers>> lists() const {
    std::vector<std::vector<StreamNumbers>> all;
    for (const auto& [setting, list] : strata) all.push_back(list);
    return all;
  }
  template <class Number>
  [[nodiscard]] Estimate estimate(const std::string& key, Number number,
                                  const Range& range = {}) const {
    std::vector<std::vector<double>> values;
    for (const auto& [setting, list] : strata) {
      values.emplace_back();
      for (const StreamNumbers& trial : list) {
        const double value = number(trial);
        if (!std::isnan(value)) values.back().push_back(value);
      }
    }
    return confined(stratified_mean(values, key), range);
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
std::string rest_of(const TrialSpec& spec, const std::set<std::string>& scaled) {
  Value canonical = spec.canonical();
  for (const char* key : {"environment", "regime", "method", "seed", "draw", "suite_seed"}) {
    canonical.as_table().erase(key);
  }
  for (const std::string& axis : scaled) {
    const auto dot = axis.find('.');
    const auto section = canonical.as_table().find(axis.substr(0, dot));
    if (dot == std::string::npos || section == canonical.as_table().end()) continue;
    Value& table = section->second;
    Value::Table& options = table.find("options") != nullptr
                                ? table.as_table().at("options").as_table()
                                : table.as_table();
    options.erase(axis.substr(dot + 1));
  }
  return canonical.canonical_json();
}

/// The experiments a question is about: its own, and those of its list.
std::set<std::string> experiments_of(const Question& question) {
  std::set<std::string> names = {question.experiment};
  for (const std::string& name : texts_option(question, "experiments")) names.insert(name);
  return names;
}

/// Trials by world, regime, method and scale. The options in `scaled` ("section.field") move with
/// the axis and name nothing.
struct TrialCells {
  std::map<CellKey, Cell> cells;
  std::int64_t unfinished = 0;  ///< diverged or failed, and left out
};

TrialCells cells_of(const StoredResults& results, const Question& question, const std::string& axis,
                    const std::set<std::string>& scaled) {
  const std::set<std::string> experiments = experiments_of(question);
  TrialCells out;
  std::vector<const TrialResult*> trials;
  for (const TrialResult& trial : results.trials) {
    if (experiments.count(trial.spec.experiment) == 0) continue;
    if (trial.status == Status::done) {
      trials.push_back(&trial);
    } else {
      ++out.unfinished;
    }
  }
  const auto named = [&](const std::string& section, bool trajectory) {
    return [&, section, trajectory](const std::string& option) {
      return option != "trajectory" && scaled.count(section + "." + option) == 0 &&
             (trajectory_options().count(option) != 0) == trajectory;
    };
  };
  const VariantNames environments(trials, &TrialSpec::environment, named("environment", false));
  const VariantNames regimes(trials, &TrialSpec::regime, named("regime", false));
  const VariantNames streams(trials, &TrialSpec::regime, named("regime", true));
  const VariantNames methods(trials, &TrialSpec::method, named("method", false));
  for (const TrialResult* trial : trials) {
    auto numbers = stream_numbers(*trial);
    if (!numbers) continue;
    const TrialSpec& spec = trial->spec;
    CellKey key;
    key.world = environments(spec);
    if (const Value* trajectory = spec.regime.options.find("trajectory")) {
      key.world += ", " + trajectory->as_string();
    }
    key.world += streams.options(spec);
    key.regime = regimes(spec);
    key.method = methods(spec);
    if (!axis.empty()) {
      const auto scale = axis_value(spec, axis);
      if (!scale) continue;
      key.scale = scale->number;
    }
    Cell& cell = out.cells[key];
    cell.strata[rest_of(spec, scaled)].push_back(std::move(*numbers));
    cell.cost.steps += trial->cost.steps;
    cell.cost.rows_seen += trial->cost.rows_seen;
    cell.cost.labels_used += trial->cost.labels_used;
    cell.cost.flops += trial->cost.flops;
    ++cell.trials;
  }
  return out;
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
          "the same phase met again (below 0: plasticity was lost). Mean with {} over "
          "trials.",
          margin, kIntervalText),
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

/// Where a world's regimes and methods did not spend the same, it is said in what.
Table budget_table(const Question& question, const std::map<CellKey, Cell>& cells) {
  Table table{
      "stream_budgets_" + question.experiment,
      "What each trial was counted to spend, on average: rows that entered a gradient, "
      "labels revealed, updates, floating-point operations of passes through the model. "
      "'equal': all within 5 % of the median of its world at its scale; else how many times "
      "the median. Comparisons at another budget are not like with like.",
      {"world", "regime", "method", "scale", "rows", "labels", "updates", "GFLOP", "budget"},
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
    table.rows.push_back({key.world, key.regime, key.method, fmt::format("{}", key.scale),
                          fmt::format("{:.0f}", spent[0]), fmt::format("{:.0f}", spent[1]),
                          fmt::format("{:.0f}", spent[2]), fmt::format("{:.3g}", spent[3]),
                          other.empty() ? "equal" : fmt::format("{}", fmt::join(other, ", "))});
  }
  return table;
}

/// "continual, erm: replaced the cue in 3 of 4 worlds, resolved the confusion in 1."
std::string summary(const std::map<std::pair<std::string, std::string>,
                                   std::map<StreamOutcome, std::int64_t>>& counts) {
  constexpr std::pair<StreamOutcome, const char*> kSaid[] = {
      {StreamOutcome::replaced, "replaced the cue in"},
      {StreamOutcome::resolved, "resolved the confusion in"},
      {StreamOutcome::unchanged, "changed nothing in"},
      {StreamOutcome::not_confused, "was not confused in"},
      {StreamOutcome::not_measurable, "cannot be measured in"},
      {StreamOutcome::undecided, "is undecided in"}};
  std::string text;
  for (const auto& [who, outcomes] : counts) {
    std::int64_t all = 0;
    for (const auto& [outcome, count] : outcomes) all += count;
    std::vector<std::string> parts;
    for (const auto& [outcome, said] : kSaid) {
      const auto found = outcomes.find(outcome);
      if (found == outcomes.end()) continue;
      parts.push_back(fmt::format("{} {}", said, found->second));
    }
    parts.front() += fmt::format(" of {} {}", all, all == 1 ? "world" : "worlds");
    text += fmt::format("{}, {}: {}. ", who.first, who.second, fmt::join(parts, ", "));
  }
  return text;
}

/// Whether more of the axis makes a regime enough: its verdict and flips at the largest scale.
std::string against_scale(const std::map<CellKey, Cell>& cells, const std::string& axis,
                          std::int64_t phase, double margin) {
  std::map<std::string, std::vector<const std::pair<const CellKey, Cell>*>> lines;
  for (const auto& entry : cells) {
    lines[fmt::format("{}, {} ({})", entry.first.world, entry.first.regime, entry.first.method)]
        .push_back(&entry);
  }
  std::string text;
  for (const auto& [line, scales] : lines) {
    const auto at = [&](const std::pair<const CellKey, Cell>* entry) {
      return stream_verdict(entry->second.lists(), phase, margin, entry->first.text());
    };
    const StreamVerdict first = at(scales.front());
    const StreamVerdict last = at(scales.back());
    text +=
        fmt::format("{}: worst flip rate {} at {} = {}, {} at {}: {}. ", line,
                    show_defined(first.flip_after), axis, scales.front()->first.scale,
                    show_defined(last.flip_after), scales.back()->first.scale,
                    last.outcome == StreamOutcome::resolved       ? "enough at the largest"
                    : last.flip_after.high < first.flip_after.low ? "less with scale, not enough"
                    : last.flip_after.low > first.flip_after.high ? "more with scale"
                                                                  : "scale does not help");
  }
  return text;
}

}  // namespace

Answer streams(const StoredResults& results, const Question& question) {
  const std::string axis = text_option(question, "axis", "");
  const double margin = number_option(question, "margin", 0.1);
  const auto phase = static_cast<std::int64_t>(number_option(question, "phase", -1.0));
  std::set<std::string> scaled;
  if (!axis.empty()) {
    scaled.insert(axis);
    for (const std::string& other : texts_option(question, "also")) scaled.insert(other);
  }
  const TrialCells found = cells_of(results, question, axis, scaled);
  const std::map<CellKey, Cell>& cells = found.cells;
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
          "it. Mean with {} over trials.",
          phase < 0 ? std::string("the last phase") : fmt::format("phase {}", phase), margin,
          kIntervalText),
      {"world", "regime", "method", "score", "trap", "trap change", "flips before", "flips now",
       "adoption", "residue", "unpaired", "verdict"},
      {}};
  if (!axis.empty()) table.header.insert(table.header.begin() + 3, axis);
  std::map<std::pair<std::string, std::string>, std::map<StreamOutcome, std::int64_t>> counts;
  for (const auto& [key, cell] : cells) {
    const StreamVerdict verdict = stream_verdict(cell.lists(), phase, margin, key.text());
    ++counts[{key.regime, key.method}][verdict.outcome];
    const auto text = [&, &key = key, &cell = cell](const char* what, auto number) {
      const auto at_phase = [&](const StreamNumbers& trial) {
        const std::int64_t last = phase < 0 ? trial.phases - 1 : std::min(phase, trial.phases - 1);
        return number(trial, last);
      };
      return show_defined(cell.estimate(key.text() + what, at_phase, cell.any().range()));
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
  answer.sentence = axis.empty() ? summary(counts) : against_scale(cells, axis, phase, margin);
  if (found.unfinished > 0) {
    answer.sentence +=
        fmt::format("{} trials diverged or failed and are left out.", found.unfinished);
  }
  answer.tables.push_back(std::move(table));
  answer.tables.push_back(measures_table(question, cells, axis, margin));
  answer.tables.push_back(budget_table(question, cells));

  std::map<std::string, std::map<std::string, StreamLines>> lines;  // world -> line -> trials
  for (const auto& [key, cell] : cells) {
    const std::string line = key.regime + ", " + key.method;
    if (axis.empty()) lines[key.world][line].strata = cell.lists();
  }
  for (const auto& [world, each] : lines) {
    for (Chart& chart : stream_charts(question.experiment, world, each, margin)) {
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
