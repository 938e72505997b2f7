#include "spurion/analysis/streams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "analysis/questions.hpp"
#include "analysis/stream_cells.hpp"
#include "analysis/stream_charts.hpp"
#include "analysis/stream_tables.hpp"

namespace spurion::analysis {

namespace {

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
                    last.outcome == StreamOutcome::not_confused   ? "no confusion at the largest"
                    : last.outcome == StreamOutcome::resolved     ? "enough at the largest"
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
          "it. Mean with {} over seeds.{}",
          phase < 0 ? std::string("the last phase") : fmt::format("phase {}", phase), margin,
          kIntervalText,
          cells.begin()->second.any().accuracy
              ? ""
              : " Of regression: flips are moves of the output in standard deviations of the "
                "target, traps what of its variance randomised cues would add."),
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
