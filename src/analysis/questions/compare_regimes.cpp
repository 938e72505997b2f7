#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "analysis/pooled_configurations.hpp"
#include "analysis/streams/cells.hpp"
#include "analysis/streams/headline.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/analysis/streams.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

using Line = ResultsView::Line;

std::int64_t last_phase(const TrialResult& trial) {
  std::int64_t last = 0;
  for (const MeasurementRow row : trial.measurements) last = std::max(last, row.phase);
  return last;
}

/// Score on the stream, predicted before learned from, over its rows. (Updates would not do: none
/// is made while labels are awaited.)
Chart stream_chart(const ResultsView& view, const std::string& experiment) {
  Chart chart;
  chart.name = "stream_" + experiment;
  chart.title = "Over the stream";
  chart.x_label = "rows of the stream";
  chart.y_label = "prequential " + view.score_text();
  chart.note = fmt::format("Band: {} over seeds. Vertical lines: a cue shifts.{}", kIntervalText,
                           view.note());
  const core::MetricId prequential_id =
      core::prequential(core::score_metric(view.scored_by_accuracy()));
  const std::string& metric = core::stored_name(prequential_id);
  const std::string& window_rows = core::stored_name(core::MetricId::window_rows);
  const std::string stream = core::stored_domain(core::MeasuredIn::stream);
  std::set<double> marks;
  for (const Line& line : view.regime_lines()) {
    std::map<double, SeedCells> points;
    for (const ResultsView::Row& row : view.rows(line)) {
      double rows = 0.0;
      double score = std::nan("");
      std::int64_t phase = -1;
      for (const MeasurementRow m : row.trial->measurements) {
        if (m.domain != stream) continue;
        if (m.metric == metric) {
          if (phase >= 0 && m.phase != phase) marks.insert(rows);
          phase = m.phase;
          score = m.value;
        } else if (m.metric == window_rows) {
          rows += m.value;
          const bool rate = view.scored_by_accuracy();
          points[rows].add(row.configuration, row.trial->spec.seed, score,
                           rate ? rate_noise(score, m.value) : RowNoise());
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
  std::map<std::int64_t, SeedCells> ceiling;  ///< the invariant one there
  std::map<std::int64_t, SeedCells> first;    ///< on the train domains
  std::map<std::int64_t, SeedCells> neutral;  ///< on the phase's own, its cues randomised
  std::map<std::int64_t, SeedCells> flip;     ///< of the cue that is followed most
  /// Of trials on streams, by what else varies.
  std::map<std::string, std::vector<StreamNumbers>> streams;
  bool of_train_domain = false;  ///< `own` of trials on no stream: else it is in distribution
  SeedCells gap;                 ///< of trials on no stream
  SeedCells learning;            ///< their score in distribution beyond half-way
  SeedCells cost;  ///< what following the cue costs in the test domain, by the ceilings
};

/// What one trial adds to the numbers of its line.
class TrialNumbers {
 public:
  TrialNumbers(PhaseNumbers& numbers, const ResultsView::Row& row, const std::string& score)
      : numbers_(numbers), row_(row), trial_(*row.trial), score_(score) {}

  void add() {
    std::optional<StreamNumbers> stream = stream_numbers(trial_);
    for (std::int64_t phase = 0; phase <= last_phase(trial_); ++phase) add_phase(phase, stream);
    if (stream) {
      numbers_.streams[row_.configuration].push_back(*std::move(stream));
      return;
    }
    numbers_.gap.add_number(row_.configuration, trial_, core::stored_domain(core::MeasuredIn::test),
                            core::stored_name(core::MetricId::gap));
    numbers_.learning.add_learning(row_.configuration, trial_, score_);
    const auto invariant = number(trial_, core::stored_domain(core::MeasuredIn::test),
                                  core::stored_name(core::MetricId::ceiling_invariant));
    const auto cue = number(trial_, core::stored_domain(core::MeasuredIn::test),
                            core::stored_name(core::MetricId::ceiling_spurious_only));
    if (!invariant || !cue) return;
    const double lead = *invariant - *cue;
    numbers_.cost.add(row_.configuration, trial_.spec.seed,
                      score_ == core::stored_name(core::MetricId::accuracy) ? lead : -lead);
  }

 private:
  void add_phase(std::int64_t phase, const std::optional<StreamNumbers>& stream) {
    // Phase 0 is measured in the first train domain, of a stream and of any other trial.
    std::string domain = core::stored_phase(phase);
    const bool phased = number(trial_, domain, score_, phase).has_value();
    if (!phased && phase == 0) domain = core::stored_train(0);
    if (!number(trial_, domain, score_, phase))
      domain = core::stored_domain(core::MeasuredIn::in_distribution);
    numbers_.of_train_domain = numbers_.of_train_domain || domain == core::stored_train(0);
    add_to(numbers_.own, domain, score_, phase);
    add_to(numbers_.first, core::stored_domain(core::MeasuredIn::in_distribution), score_, phase);
    add_to(numbers_.neutral, domain, randomised_name(phased), phase);
    if (const auto ceiling =
            number(trial_, domain, core::stored_name(core::MetricId::ceiling_invariant), 0)) {
      numbers_.ceiling[phase].add(row_.configuration, trial_.spec.seed, *ceiling);
    }
    // Of a stream each cue on its own, else the cue that the test domain shifts.
    const bool known = stream && phase < stream->phases;
    const double alone = known ? stream->max_flip_rate(phase) : std::nan("");
    const auto flip = std::isnan(alone) ? max_flip_rate(trial_, phase) : alone;
    if (!flip) return;
    // Of a regression it is no rate, but a change in deviations of the target.
    numbers_.flip[phase].add(row_.configuration, trial_.spec.seed, *flip,
                             score_ == core::stored_name(core::MetricId::accuracy)
                                 ? row_noise(trial_, core::stored_domain(core::MeasuredIn::test),
                                             core::stored_name(core::MetricId::flip_rate), *flip)
                                 : RowNoise{});
  }

  /// The score on the same rows with the cues randomised: those of a phase, or the cue of a train
  /// domain. It is not measured there for regression.
  [[nodiscard]] std::string randomised_name(bool phased) const {
    const core::MetricId score = core::parse_metric(score_).id;
    if (phased) return core::stored_name(core::with_cues_randomised(score));
    return score == core::MetricId::accuracy
               ? core::stored_name(core::MetricId::cue_randomised_accuracy)
               : std::string();
  }

  void add_to(std::map<std::int64_t, SeedCells>& target, const std::string& domain,
              const std::string& metric, std::int64_t phase) {
    const auto value = number(trial_, domain, metric, phase);
    if (!value) return;
    target[phase].add(row_.configuration, trial_.spec.seed, *value,
                      row_noise(trial_, domain, metric, *value));
  }

  PhaseNumbers& numbers_;
  const ResultsView::Row& row_;
  const TrialResult& trial_;
  const std::string& score_;
};

PhaseNumbers collect(const ResultsView& view, const Line& line) {
  PhaseNumbers numbers;
  for (const ResultsView::Row& row : view.rows(line)) {
    TrialNumbers(numbers, row, view.score()).add();
  }
  return numbers;
}

/// What is said of a line that is not trained on a stream: whether it relies on its cue, and
/// whether that costs anything where the cue shifts. Elsewhere reliance is no confusion.
std::string without_stream(const PhaseNumbers& numbers, const Estimate& flip,
                           const std::string& key, bool accuracy) {
  constexpr double kGapMargin = 0.02;
  const Learned learned = analysis::learned(numbers.learning.estimate(key + " learned"));
  if (learned == Learned::no) return "did not learn";
  const Estimate gap = numbers.gap.estimate(key + " gap", accuracy ? kDifference : Range{});
  if (flip.high < kStreamMargin) {
    return learned == Learned::unsure ? "hardly uses a cue, but it is not shown that it learned"
                                      : "hardly uses a cue";
  }
  if (!(flip.low > kStreamMargin)) return "may use a cue";
  const double cost = mean(numbers.cost.values());
  if (cost <= 0.0 || (gap.has_spread() && gap.high < kGapMargin)) {
    return "uses its cue, which does not lower the score out of distribution";
  }
  return gap.has_spread() && gap.low > kGapMargin
             ? fmt::format("relies on its cue, with a gap of {} out of distribution", show(gap))
             : std::string("uses a cue");
}

Table make_table(const ResultsView& view, const std::string& experiment) {
  return {"regimes_" + experiment,
          fmt::format("After each phase: means with {2} over seeds. own phase: {0} on the "
                      "distribution of the phase (phase 0: the first train domain). {1} The "
                      "verdict, for training on a stream, uses a margin of {3}. {4}. The glossary "
                      "(or 'spurion describe TERM') defines each column and verdict.{5}",
                      view.score_text(),
                      view.scored_by_accuracy()
                          ? "flip rate: the largest share of predictions that one cue changes."
                          : "flip rate: the largest root mean squared change of the output by one "
                            "cue, in standard deviations of the target.",
                      kIntervalText, kStreamMargin, kLearnedText, view.note()),
          {{"regime"},
           {"after phase", ColumnKind::count},
           {"own phase", ColumnKind::estimate},
           {"invariant ceiling", ColumnKind::number},
           {"train domains", ColumnKind::estimate},
           {"cues randomised", ColumnKind::estimate},
           {"flip rate", ColumnKind::estimate},
           {"verdict"}}};
}

/// One line of the answer: rows of the table, a sentence, and the outcome of a stream.
class RegimeLine {
 public:
  RegimeLine(const ResultsView& view, const Line& line, const std::string& experiment)
      : view_(view),
        line_(line),
        key_(fmt::format("{} {}", experiment, line.name)),
        numbers_(collect(view, line)) {}

  [[nodiscard]] bool empty() const { return numbers_.own.empty(); }
  [[nodiscard]] std::optional<StreamOutcome> outcome() const {
    return verdict_ ? std::optional(verdict_->outcome) : std::nullopt;
  }

  void judge() {
    if (numbers_.streams.empty()) return;
    std::vector<std::vector<StreamNumbers>> strata;
    for (const auto& [configuration, trials] : numbers_.streams) strata.push_back(trials);
    verdict_ = stream_verdict(strata, -1, kStreamMargin, key_);
  }

  void fill(Table& table) const {
    const std::int64_t last = numbers_.own.rbegin()->first;
    for (const auto& [phase, cells] : numbers_.own) {
      const double ceiling = mean(of(numbers_.ceiling, phase).values());
      table.add({line_.name, phase, at(numbers_.own, phase, "own"),
                 std::isnan(ceiling) ? Cell() : Number{ceiling, Notation::fixed, 3},
                 at(numbers_.first, phase, "first"), at(numbers_.neutral, phase, "neutral"),
                 at(numbers_.flip, phase, "flip"),
                 verdict_ && phase == last ? Cell(std::string(outcome_name(verdict_->outcome)))
                                           : Cell()});
    }
  }

  [[nodiscard]] const std::string& name() const { return line_.name; }

  /// What is said of the line. `name`: its own, or those of several of which the same is true.
  [[nodiscard]] std::string sentence(const std::string& name) const {
    const std::int64_t last = numbers_.own.rbegin()->first;
    const Estimate own = at(numbers_.own, last, "own");
    const Estimate flip = at(numbers_.flip, last, "flip");
    const Estimate neutral = at(numbers_.neutral, last, "neutral");
    const std::string score = fmt::format("{} {} {}", view_.score_text(), show(own),
                                          !numbers_.streams.empty()  ? "on its last phase"
                                          : numbers_.of_train_domain ? "on the first train domain"
                                                                     : "in distribution");
    if (flip.seeds < 2) return fmt::format("{}: {}; its flip rate is not known. ", name, score);
    const double ceiling = mean(of(numbers_.ceiling, last).values());
    return fmt::format("{} {}: {}{}{}, flip rate {}. ", name, said(flip), score,
                       std::isnan(ceiling) ? std::string()
                                           : fmt::format(" (invariant ceiling: {})", show(ceiling)),
                       neutral.count == 0
                           ? std::string()
                           : fmt::format(", {} with the cues randomised", show(neutral)),
                       show(flip));
  }

 private:
  using ByPhase = std::map<std::int64_t, SeedCells>;

  [[nodiscard]] static const SeedCells& of(const ByPhase& source, std::int64_t phase) {
    static const SeedCells none;
    const auto found = source.find(phase);
    return found == source.end() ? none : found->second;
  }
  [[nodiscard]] Estimate at(const ByPhase& source, std::int64_t phase, const char* what) const {
    const bool accuracy = view_.scored_by_accuracy();
    return of(source, phase)
        .estimate(fmt::format("{} {} {}", key_, phase, what),
                  accuracy ? kRate : Range{0.0, Range{}.high});
  }
  [[nodiscard]] std::string said(const Estimate& flip) const {
    if (!verdict_) return without_stream(numbers_, flip, key_, view_.scored_by_accuracy());
    const bool praised = verdict_->outcome == StreamOutcome::resolved ||
                         verdict_->outcome == StreamOutcome::not_confused;
    const bool unknown = verdict_->learned() == Learned::unknown;
    return std::string(outcome_clause(verdict_->outcome)) +
           (praised && unknown ? " (if it learned; no ceiling is known)" : "");
  }

  const ResultsView& view_;
  const Line& line_;
  std::string key_;
  PhaseNumbers numbers_;
  std::optional<StreamVerdict> verdict_;
};

/// What is said of each line; lines of which the same is said are named together.
std::string sentences_of(const std::vector<RegimeLine>& lines) {
  std::vector<std::pair<const RegimeLine*, std::vector<std::string>>> groups;
  for (const RegimeLine& line : lines) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return group.first->sentence("") == line.sentence("");
    });
    if (same == groups.end()) {
      groups.push_back({&line, {line.name()}});
    } else {
      same->second.push_back(line.name());
    }
  }
  std::string text;
  for (const auto& [line, names] : groups) {
    const std::string together = fmt::format("{}", fmt::join(names, " and "));
    text += line->sentence(names.size() == 1 ? together : together + ", with equal numbers,");
  }
  return text;
}

struct CompareRegimesOptions {};

class CompareRegimes final : public Question {
 public:
  using Options = CompareRegimesOptions;
  static const Schema<Options>& schema() {
    static const auto built = Schema<Options>();
    return built;
  }
  explicit CompareRegimes(const Options& /*options*/) {}
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;
};

Answer CompareRegimes::answer(const Study& study, const std::string& experiment) const {
  const ResultsView view(study, experiment);
  Answer answer;
  Chart stream = stream_chart(view, experiment);
  if (!stream.series.empty()) answer.charts.push_back(std::move(stream));
  Table table = make_table(view, experiment);
  std::vector<StreamOutcome> outcomes;
  std::vector<RegimeLine> told;
  const std::vector<Line> lines = view.regime_lines();
  for (const Line& line : lines) {
    RegimeLine one(view, line, experiment);
    if (one.empty()) continue;
    one.judge();
    one.fill(table);
    if (one.outcome()) outcomes.push_back(*one.outcome());
    told.push_back(std::move(one));
  }
  answer.sentence = streams_headline(outcomes) + sentences_of(told);
  if (!outcomes.empty()) {
    answer.sentence += fmt::format("Verdicts use a margin of {}. ", kStreamMargin);
  }
  if (told.empty()) answer.sentence = "No trial of this experiment is done. ";
  answer.sentence += pooled_text(view, lines) + view.fates_text(lines);
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace

void register_compare_regimes(QuestionKinds& kinds);
void register_compare_regimes(QuestionKinds& kinds) {
  kinds.add<CompareRegimes>(
      "compare_regimes",
      "What became of a confusion under each regime: continual, online, offline?", "-");
}

}  // namespace spurion::analysis::questions
