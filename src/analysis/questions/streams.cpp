#include "spurion/analysis/streams.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analysis/streams/cells.hpp"
#include "analysis/streams/charts.hpp"
#include "analysis/streams/tables.hpp"
#include "core/counted.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/error.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

/// What became of one regime and method in the environments of a question.
struct Tally {
  std::map<StreamOutcome, std::int64_t> outcomes;
  std::set<std::string> environments;
  std::int64_t streams = 0;
  std::int64_t unlearned = 0;  ///< resolved or not confused, where no ceiling tells more
};

/// "continual, erm; online, erm: replaced the cue in 3 of 4 environments, resolved the confusion
/// in 1."
std::string summary(const std::map<std::pair<std::string, std::string>, Tally>& tallies) {
  constexpr StreamOutcome kOrder[] = {StreamOutcome::replaced,       StreamOutcome::adopted,
                                      StreamOutcome::resolved,       StreamOutcome::unchanged,
                                      StreamOutcome::returned,       StreamOutcome::not_confused,
                                      StreamOutcome::collapsed,      StreamOutcome::did_not_learn,
                                      StreamOutcome::not_measurable, StreamOutcome::undecided};
  // Who fared alike is named together.
  std::vector<std::pair<std::string, std::vector<std::string>>> fates;
  for (const auto& [who, tally] : tallies) {
    std::vector<std::string> parts;
    for (const StreamOutcome outcome : kOrder) {
      const auto found = tally.outcomes.find(outcome);
      if (found == tally.outcomes.end()) continue;
      parts.push_back(fmt::format("{} in {}", outcome_clause(outcome), found->second));
    }
    const auto worlds = static_cast<std::int64_t>(tally.environments.size());
    const std::string of_worlds =
        fmt::format("{} {}", worlds, worlds == 1 ? "environment" : "environments");
    // Several trajectories through one environment are not several environments.
    parts.front() += worlds == tally.streams
                         ? fmt::format(" of {}", of_worlds)
                         : fmt::format(" of {} streams in {}", tally.streams, of_worlds);
    std::string fate = fmt::format("{}", fmt::join(parts, ", "));
    if (tally.unlearned > 0) {
      fate += fmt::format(" (in {} no ceiling is known, so it is not known whether it learned)",
                          tally.unlearned);
    }
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
SeedCells max_flip_rates(const StreamCell& cell, std::int64_t phase) {
  SeedCells cells;
  for (const auto& [configuration, trials] : cell.strata) {
    for (const StreamNumbers& trial : trials) {
      const std::int64_t at = phase < 0 ? trial.phases - 1 : phase;
      const double flip = trial.max_flip_rate(at);
      cells.add(configuration, trial.seed, flip, row_noise(trial, OnRows::rate, flip));
    }
  }
  return cells;
}

/// What a scale did to a regime: its outcome at the largest, else how its flips changed.
const char* judged_at_scale(const StreamVerdict& verdict, const Estimate& change, double margin) {
  switch (verdict.outcome) {
    case StreamOutcome::not_confused:
      return "no confusion there";
    case StreamOutcome::resolved:
      return verdict.learned() == Learned::unknown
                 ? "enough there, if it learned (no ceiling is known)"
                 : "enough there";
    case StreamOutcome::collapsed:
      return "it collapsed there and lost what it had learned";
    case StreamOutcome::did_not_learn:
      return "it did not learn there";
    default:
      break;
  }
  if (!change.has_spread() && !change.is_nothing())
    return "every seed changed by the same number, so the change cannot be tested";
  if (change.high < 0.0) {
    return verdict.learned() == Learned::yes || verdict.learned() == Learned::unknown
               ? "less with scale, but not enough"
               : "less with scale, but it is not shown that it learned there";
  }
  if (change.low > 0.0) return "more with scale";
  return change.low > -margin && change.high < margin ? "scale does not help" : "undecided";
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
    const SeedCells small = max_flip_rates(first, phase);
    const SeedCells large = max_flip_rates(last, phase);
    const SeedCells paired = large.minus(small);
    const Estimate change = paired.estimate("scale " + line, first.any().difference_range());
    const char* judged = scales.size() < 2 ? "one scale only"
                         : paired.empty() || change.seeds < 2
                             ? "one seed only"
                             : judged_at_scale(verdict, change, margin);
    const Range range = first.any().range();
    text += fmt::format("{}: max flip rate {} at {} = {}, {} at {}, change {}: {}. ", line,
                        show_defined(small.estimate("small " + line, range)), axis, first_key.scale,
                        show_defined(large.estimate("large " + line, range)), last_key.scale,
                        show_defined(change), judged);
  }
  return text;
}

void add_charts(const StreamsAsked& asked, const std::map<CellKey, StreamCell>& cells,
                Answer& answer) {
  std::map<std::string, std::map<std::string, StreamLines>> lines;  // environment -> line -> trials
  for (const auto& [key, cell] : cells) {
    const std::string line = key.regime + ", " + key.method;
    if (asked.axis.empty()) lines[key.world][line].strata = cell.lists();
  }
  for (const auto& [world, each] : lines) {
    for (Chart& chart : stream_charts(asked.experiment, world, each, asked.margin)) {
      answer.charts.push_back(std::move(chart));
    }
  }
  if (!asked.axis.empty()) {
    std::map<std::string,
             std::map<std::string, std::map<double, std::vector<std::vector<StreamNumbers>>>>>
        scaled;
    for (const auto& [key, cell] : cells) {
      scaled[key.world][key.regime + ", " + key.method][key.scale] = cell.lists();
    }
    for (const auto& [world, each] : scaled) {
      answer.charts.push_back(
          flips_against_scale(asked.experiment, world, asked.axis, asked.phase, each));
    }
  }
}

struct StreamsOptions {
  std::vector<std::string> experiments;
  std::string axis;
  std::vector<std::string> tied_axes;
  std::int64_t phase = -1;
  double margin = kStreamMargin;
};

class Streams final : public Question {
 public:
  using Options = StreamsOptions;
  static const Schema<Options>& schema() {
    static const auto built =
        Schema<Options>()
            .field("experiments", &Options::experiments,
                   "Further experiments, answered together with the first.")
            .names(FieldUse::experiment)
            .field("axis", &Options::axis,
                   "A scale such as \"model.width\": is more of it enough? Empty: report the "
                   "outcome of each stream.")
            .names(FieldUse::axis)
            .field("tied_axes", &Options::tied_axes,
                   "Fields of the trials that change with the axis.")
            .names(FieldUse::trial_field)
            .field("phase", &Options::phase,
                   "The phase after which the model is judged, counted from 0. -1: the last phase.",
                   at_least(-1))
            .names(FieldUse::phase)
            .field("margin", &Options::margin,
                   "Margin: flip rates and cue contributions below this count as none.",
                   at_least(0));
    return built;
  }
  explicit Streams(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;

 private:
  Options options_;
};

Answer Streams::answer(const Study& study, const std::string& experiment) const {
  const std::string& axis = options_.axis;
  const double margin = options_.margin;
  const std::int64_t phase = options_.phase;
  std::set<std::string> all = {options_.experiments.begin(), options_.experiments.end()};
  all.insert(experiment);
  std::set<std::string> scaled;
  if (!axis.empty()) {
    scaled.insert(axis);
    for (const std::string& other : options_.tied_axes) scaled.insert(other);
  }
  const TrialCells found = cells_of(study, all, scaled, axis);
  const std::map<CellKey, StreamCell>& cells = found.cells;
  Answer answer;
  if (cells.empty()) {
    answer.sentence = "No finished trial of this experiment trained on a stream. ";
    for (const auto& [line, fates] : found.fates) answer.sentence += fates.sentence(line);
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
    throw UsageError(fmt::format("phase = {} of a question: its streams have phases 0 to {}", phase,
                                 phases - 1));
  }
  std::map<CellKey, StreamVerdict> verdicts;
  std::map<std::pair<std::string, std::string>, Tally> tallies;
  for (const auto& [key, cell] : cells) {
    const StreamVerdict verdict = stream_verdict(cell.lists(), phase, margin, key.text());
    Tally& tally = tallies[{key.regime, key.method}];
    ++tally.outcomes[verdict.outcome];
    const bool praised = verdict.outcome == StreamOutcome::resolved ||
                         verdict.outcome == StreamOutcome::not_confused;
    if (praised && verdict.learned() == Learned::unknown) ++tally.unlearned;
    tally.environments.insert(cell.environment);
    ++tally.streams;
    verdicts[key] = verdict;
  }
  answer.sentence = axis.empty() ? summary(tallies) : against_scale(cells, axis, phase, margin);
  for (const auto& [line, fates] : found.fates) answer.sentence += fates.sentence(line);
  if (found.offline > 0) {
    answer.sentence +=
        fmt::format("{} that did not train on a stream {} left out. ",
                    core::counted(found.offline, "trial"), core::is_or_are(found.offline));
  }
  answer.sentence += fmt::format("Verdicts use a margin of {}. ", margin);
  const StreamsAsked asked{experiment, axis, phase, margin};
  answer.tables.push_back(verdicts_table(asked, cells, verdicts));
  answer.tables.back().caption += found.note;
  answer.tables.push_back(measures_table(asked, cells));
  answer.tables.push_back(budget_table(experiment, cells));

  add_charts(asked, cells, answer);
  return answer;
}

}  // namespace

void register_streams(QuestionKinds& kinds);
void register_streams(QuestionKinds& kinds) {
  kinds.add<Streams>("streams",
                     "Did training on a stream resolve a confusion, or replace one cue by another?",
                     "-");
}

}  // namespace spurion::analysis::questions
