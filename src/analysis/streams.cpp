#include "spurion/analysis/streams.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analysis/questions.hpp"
#include "analysis/seed_cells.hpp"
#include "analysis/stream_cells.hpp"
#include "analysis/stream_charts.hpp"
#include "analysis/stream_tables.hpp"
#include "core/place_of.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

/// What became of one regime and method in the worlds of a question.
struct Tally {
  std::map<StreamOutcome, std::int64_t> outcomes;
  std::set<std::string> environments;
  std::int64_t streams = 0;
};

/// "continual, erm; online, erm: replaced the cue in 3 of 4 worlds, resolved the confusion in 1."
std::string summary(const std::map<std::pair<std::string, std::string>, Tally>& tallies) {
  constexpr std::pair<StreamOutcome, const char*> kSaid[] = {
      {StreamOutcome::replaced, "replaced the cue in"},
      {StreamOutcome::adopted, "took up a cue in"},
      {StreamOutcome::resolved, "resolved the confusion in"},
      {StreamOutcome::unchanged, "ended as it began in"},
      {StreamOutcome::not_confused, "was not confused in"},
      {StreamOutcome::not_measurable, "cannot be measured in"},
      {StreamOutcome::undecided, "is undecided in"}};
  // Who fared alike is named together.
  std::vector<std::pair<std::string, std::vector<std::string>>> fates;
  for (const auto& [who, tally] : tallies) {
    std::vector<std::string> parts;
    for (const auto& [outcome, said] : kSaid) {
      const auto found = tally.outcomes.find(outcome);
      if (found == tally.outcomes.end()) continue;
      parts.push_back(fmt::format("{} {}", said, found->second));
    }
    const auto worlds = static_cast<std::int64_t>(tally.environments.size());
    const std::string of_worlds = fmt::format("{} {}", worlds, worlds == 1 ? "world" : "worlds");
    // Several trajectories through one world are not several worlds.
    parts.front() += worlds == tally.streams
                         ? fmt::format(" of {}", of_worlds)
                         : fmt::format(" of {} streams in {}", tally.streams, of_worlds);
    const std::string fate = fmt::format("{}", fmt::join(parts, ", "));
    auto same = std::find_if(fates.begin(), fates.end(),
                             [&](const auto& one) { return one.first == fate; });
    if (same == fates.end()) same = fates.insert(same, {fate, {}});
    same->second.push_back(fmt::format("{}, {}", who.first, who.second));
  }
  std::string text;
  for (const auto& [fate, names] : fates) {
    text += fmt::format("{}: {}. ", fmt::join(names, "; "), fate);
  }
  return text;
}

/// The largest flip rate of each trial at a phase, by what else varies.
SeedCells worst_flips(const StreamCell& cell, std::int64_t phase) {
  SeedCells cells;
  for (const auto& [setting, trials] : cell.strata) {
    for (const StreamNumbers& trial : trials) {
      const std::int64_t at = phase < 0 ? trial.phases - 1 : phase;
      cells.add(setting, trial.seed, trial.worst_flip(at));
    }
  }
  return cells;
}

/// Whether more of the axis makes a regime enough: its verdict at the largest scale, and the change
/// of its flips from the smallest on the same seeds.
std::string against_scale(const std::map<CellKey, StreamCell>& cells, const std::string& axis,
                          std::int64_t phase, double margin) {
  std::map<std::string, std::vector<const std::pair<const CellKey, StreamCell>*>> lines;
  for (const auto& entry : cells) {
    lines[fmt::format("{}, {} ({})", entry.first.world, entry.first.regime, entry.first.method)]
        .push_back(&entry);
  }
  std::string text;
  for (const auto& [line, scales] : lines) {
    const auto& [first_key, first] = *scales.front();
    const auto& [last_key, last] = *scales.back();
    const StreamVerdict verdict = stream_verdict(last.lists(), phase, margin, last_key.text());
    const SeedCells small = worst_flips(first, phase);
    const SeedCells large = worst_flips(last, phase);
    const SeedCells paired = large.minus(small);
    const Estimate change = paired.estimate("scale " + line);
    const char* judged = scales.size() < 2                                ? "one scale only"
                         : paired.empty() || change.seeds < 2             ? "one seed only"
                         : verdict.outcome == StreamOutcome::not_confused ? "no confusion there"
                         : verdict.outcome == StreamOutcome::resolved     ? "enough there"
                         : change.high < 0.0 ? "less with scale, not enough"
                         : change.low > 0.0  ? "more with scale"
                         : change.low > -margin && change.high < margin ? "scale does not help"
                                                                        : "undecided";
    const Range range = first.any().range();
    text += fmt::format("{}: worst flip rate {} at {} = {}, {} at {}, change {}: {}. ", line,
                        show_defined(small.estimate("small " + line, range)), axis, first_key.scale,
                        show_defined(large.estimate("large " + line, range)), last_key.scale,
                        show_defined(change), judged);
  }
  return text;
}

}  // namespace

Answer streams(const Study& study, const Question& question) {
  const std::string axis = text_option(question, "axis", "");
  const double margin = number_option(question, "margin", 0.1);
  const auto phase = static_cast<std::int64_t>(number_option(question, "phase", -1.0));
  std::set<std::string> scaled;
  if (!axis.empty()) {
    scaled.insert(axis);
    for (const std::string& other : texts_option(question, "also")) scaled.insert(other);
  }
  const TrialCells found = cells_of(study, question, axis, scaled);
  const std::map<CellKey, StreamCell>& cells = found.cells;
  Answer answer;
  if (cells.empty()) {
    answer.sentence = "No trial of this experiment that has finished was on a stream.";
    return answer;
  }
  const std::int64_t phases =
      std::max_element(cells.begin(), cells.end(),
                       [](const auto& a, const auto& b) {
                         return a.second.any().phases < b.second.any().phases;
                       })
          ->second.any()
          .phases;
  if (phase >= phases) {
    throw UsageError(fmt::format("{}phase = {} of a question: its streams have phases 0 to {}",
                                 place_of(*question.options.find("phase")), phase, phases - 1));
  }
  Table table{
      "stream_verdicts_" + question.experiment,
      fmt::format(
          "After {}. trap: score on the phase minus score on the same rows with the cues "
          "that speak there randomised, what of it is owed to cues; its change is against the "
          "model of phase 0 on "
          "the same rows. flips: largest share of predictions that one cue alone changes, after "
          "phase 0 and now; adoption: that of the newest cue, residue: of the others met so far, "
          "whether they still pay or not, unpaired: of cues never paired with the label. resolved: "
          "flips were above {} and are below, trap "
          "within it; replaced: flips were above it, and the trap is above it and risen by more "
          "(in "
          "a phase without cues: adoption is); adopted: the same, but flips were below it or "
          "nothing had shifted; unchanged: the changes of the trap and of each cue's flips lie "
          "within it. Mean with {} over seeds.{}",
          phase < 0 ? std::string("the last phase") : fmt::format("phase {}", phase), margin,
          kIntervalText,
          cells.begin()->second.any().accuracy
              ? ""
              : " Of regression: flips are moves of the output in standard deviations of the "
                "target, traps what of its variance randomised cues would add."),
      stream_columns(axis)};
  for (const char* title : {"score", "trap", "trap change", "flips before", "flips now", "adoption",
                            "residue", "unpaired"}) {
    table.columns.push_back({title, ColumnKind::estimate});
  }
  table.columns.push_back({"verdict"});
  std::map<std::pair<std::string, std::string>, Tally> tallies;
  for (const auto& [key, cell] : cells) {
    const StreamVerdict verdict = stream_verdict(cell.lists(), phase, margin, key.text());
    Tally& tally = tallies[{key.regime, key.method}];
    ++tally.outcomes[verdict.outcome];
    tally.environments.insert(cell.environment);
    ++tally.streams;
    std::vector<Cell> row = stream_names(key, axis);
    const auto add = [&, &key = key, &cell = cell](const char* what, auto number) {
      const auto at_phase = [&](const StreamNumbers& trial) {
        const std::int64_t last = phase < 0 ? trial.phases - 1 : std::min(phase, trial.phases - 1);
        return number(trial, last);
      };
      row.emplace_back(cell.estimate(key.text() + what, at_phase, cell.any().range()));
    };
    add("score", [](const StreamNumbers& t, std::int64_t at) {
      return t.scores[static_cast<std::size_t>(at)][static_cast<std::size_t>(at)];
    });
    for (const Estimate* known :
         {&verdict.trap, &verdict.trap_change, &verdict.flip_before, &verdict.flip_after}) {
      row.emplace_back(*known);
    }
    add("adoption", [](const StreamNumbers& t, std::int64_t at) { return t.adoption(at); });
    add("residue", [](const StreamNumbers& t, std::int64_t at) { return t.residue(at); });
    add("unpaired", [](const StreamNumbers& t, std::int64_t at) { return t.unpaired(at); });
    row.emplace_back(outcome_name(verdict.outcome));
    table.add(std::move(row));
  }
  answer.sentence = axis.empty() ? summary(tallies) : against_scale(cells, axis, phase, margin);
  if (found.unfinished > 0) {
    answer.sentence +=
        fmt::format("{} trials diverged or failed and are left out. ", found.unfinished);
  }
  if (found.offline > 0) {
    answer.sentence += fmt::format("{} trials on no stream are left out.", found.offline);
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
