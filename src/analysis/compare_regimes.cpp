#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"
#include "analysis/seed_cells.hpp"
#include "spurion/analysis/streams.hpp"

namespace spurion::analysis {

namespace {

using Line = ResultsView::Line;

std::int64_t last_phase(const TrialResult& trial) {
  std::int64_t last = 0;
  for (const Measurement& row : trial.measurements) last = std::max(last, row.phase);
  return last;
}

/// Score on the stream, predicted before learned from, over its rows. (Updates would not do: none
/// is made while labels are awaited.)
Chart stream_chart(const ResultsView& view, const Question& question) {
  Chart chart;
  chart.name = "stream_" + question.experiment;
  chart.title = "Over the stream";
  chart.x_label = "rows of the stream";
  chart.y_label = "prequential " + view.score_text();
  chart.note = fmt::format("Band: {} over seeds. Vertical lines: the cue's correlation shifts.{}",
                           kIntervalText, view.note());
  const std::string metric =
      view.score() == "accuracy" ? "prequential_accuracy" : "prequential_loss";
  std::set<double> marks;
  for (const Line& line : view.regime_lines()) {
    std::map<double, SeedCells> points;
    for (const auto& row : view.rows()) {
      if (!line.holds(row)) continue;
      double rows = 0.0;
      double score = std::nan("");
      std::int64_t phase = -1;
      for (const Measurement& m : row.trial->measurements) {
        if (m.domain != "stream") continue;
        if (m.metric == metric) {
          if (phase >= 0 && m.phase != phase) marks.insert(rows);
          phase = m.phase;
          score = m.value;
        } else if (m.metric == "window_rows") {
          rows += m.value;
          points[rows].add(row.setting, row.trial->spec.seed, score);
        }
      }
    }
    if (points.empty()) continue;
    Series series;
    series.name = line.name;
    for (const auto& [rows, cells] : points) {
      series.x.push_back(rows);
      series.y.push_back(
          cells.estimate(fmt::format("stream {} {}", line.name, rows), range_of(metric)));
    }
    chart.series.push_back(std::move(series));
  }
  chart.marks.assign(marks.begin(), marks.end());
  return chart;
}

/// Of one line, by phase.
struct PhaseNumbers {
  std::map<std::int64_t, SeedCells> own;      ///< score on the phase's own distribution
  std::map<std::int64_t, SeedCells> first;    ///< on the train domains
  std::map<std::int64_t, SeedCells> neutral;  ///< on the phase's own, its cues randomised
  std::map<std::int64_t, SeedCells> trap;     ///< what of the first is owed to cues
  std::map<std::int64_t, SeedCells> flip;     ///< of the cue that is followed most
};

PhaseNumbers collect(const ResultsView& view, const Line& line) {
  PhaseNumbers numbers;
  const std::string& score = view.score();
  for (const auto& row : view.rows()) {
    if (!line.holds(row)) continue;
    const TrialResult& trial = *row.trial;
    const std::optional<StreamNumbers> stream = stream_numbers(trial);
    for (std::int64_t phase = 0; phase <= last_phase(trial); ++phase) {
      const auto add = [&](auto& target, std::optional<double> value) {
        if (value) target[phase].add(row.setting, trial.spec.seed, *value);
      };
      const std::string domain = fmt::format("phase_{}", phase);
      const bool phased = number(trial, domain, score, phase).has_value();
      add(numbers.own, number(trial, phased ? domain : "id", score, phase));
      add(numbers.first, number(trial, "id", score, phase));
      add(numbers.neutral, phased ? number(trial, domain, "randomised_" + score, phase)
                                  : number(trial, "id", "cue_randomised_" + score, phase));
      const auto place = static_cast<std::size_t>(phase);
      const bool known = stream && place < stream->traps.size();
      if (known) add(numbers.trap, stream->traps[place][place]);
      // Of a stream each cue on its own, else the cue that the test domain shifts.
      const double alone = known ? stream->worst_flip(phase) : std::nan("");
      add(numbers.flip, std::isnan(alone) ? worst_flip_rate(trial, phase) : alone);
    }
  }
  return numbers;
}

struct Judgement {
  const char* text;
  bool resolved;
};

/// Resolved: fewer than a tenth of the predictions follow any cue. Replaced: most do, and the score
/// on the last phase is what the cues give, for it falls where they are randomised.
Judgement judge(const Estimate& flip, const std::optional<Estimate>& trap) {
  if (flip.high < 0.1) return {"hardly uses a cue", true};
  if (flip.low <= 0.5) return {"still uses a cue", false};
  return {trap && trap->low > 0.1 ? "scores by the newest cue" : "follows a cue", false};
}

}  // namespace

Answer compare_regimes(const Study& study, const Question& question) {
  const ResultsView view(study, question.experiment);
  Answer answer;
  Chart stream = stream_chart(view, question);
  if (!stream.series.empty()) answer.charts.push_back(std::move(stream));
  const bool accuracy = view.score() == "accuracy";
  Table table{
      "regimes_" + question.experiment,
      fmt::format("After each phase: {} on the phase's own distribution, on the train domains, and "
                  "on the phase's own rows with its cues randomised; {}. Mean with {} over seeds. "
                  "A high score with a high flip rate is a replaced cue, not a resolved "
                  "confusion.{}",
                  view.score_text(),
                  accuracy ? "flip rate: share of predictions that one cue alone changes, of "
                             "several cues the one with most"
                           : "flip rate: how far one cue alone moves the output, in standard "
                             "deviations of the target, of several cues the one with most",
                  kIntervalText, view.note()),
      {{"regime"},
       {"after phase", ColumnKind::count},
       {"own phase", ColumnKind::estimate},
       {"train domains", ColumnKind::estimate},
       {"cues randomised", ColumnKind::estimate},
       {"flip rate", ColumnKind::estimate}}};
  int trained_on = 0;
  int resolved = 0;
  for (const Line& line : view.regime_lines()) {
    const PhaseNumbers numbers = collect(view, line);
    const auto get = [&](const std::map<std::int64_t, SeedCells>& source, std::int64_t phase,
                         const char* what, const Range& range) -> std::optional<Estimate> {
      const auto found = source.find(phase);
      if (found == source.end() || found->second.empty()) return std::nullopt;
      return found->second.estimate(
          fmt::format("{} {} {} {}", question.experiment, line.name, phase, what), range);
    };
    const auto cell = [](const std::optional<Estimate>& value) {
      return value ? Cell(*value) : Cell();
    };
    const Range rate = range_of(view.score());
    std::optional<Estimate> own;
    std::optional<Estimate> flip;
    std::optional<Estimate> neutral;
    std::optional<Estimate> trap;
    for (const auto& [phase, cells] : numbers.own) {
      own = get(numbers.own, phase, "own", rate);
      flip = get(numbers.flip, phase, "flip", accuracy ? kRate : Range{0.0, Range{}.high});
      neutral = get(numbers.neutral, phase, "neutral", rate);
      trap = get(numbers.trap, phase, "trap", {});
      table.add({line.name, phase, cell(own), cell(get(numbers.first, phase, "first", rate)),
                 cell(neutral), cell(flip)});
    }
    if (!own) continue;
    if (!flip || flip->seeds < 2) {
      answer.sentence += fmt::format(
          "{}: {} on its last phase; how far it follows a cue is not "
          "known. ",
          line.name, show(*own));
      continue;
    }
    Judgement judgement = judge(*flip, trap);
    const bool offline = line.regime.rfind("offline", 0) == 0;
    if (offline && !judgement.resolved) judgement.text = "keeps to the cue it was trained on";
    if (!offline) {
      ++trained_on;
      resolved += judgement.resolved ? 1 : 0;
    }
    answer.sentence += fmt::format(
        "{} {}: {} on its last phase{}, flip rate {}. ", line.name, judgement.text, show(*own),
        neutral ? fmt::format(", {} there with the cues randomised", show(*neutral))
                : std::string(),
        show(*flip));
  }
  if (trained_on > 0) {
    answer.sentence = fmt::format("{} {}",
                                  resolved == trained_on ? "It resolves the confusion."
                                  : resolved == 0        ? "It does not resolve the confusion."
                                                         : "Some do.",
                                  answer.sentence);
  }
  if (answer.sentence.empty()) answer.sentence = "No trial of this experiment has finished.";
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace spurion::analysis
