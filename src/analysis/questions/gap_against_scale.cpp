#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "analysis/contrasts.hpp"
#include "analysis/gap_verdict.hpp"
#include "analysis/pooled_configurations.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

using Line = ResultsView::Line;

struct GapOptions {
  std::string axis;
  double margin = 0.02;
};

/// The trials of a line at one scale.
struct ScaleCells {
  SeedCells gap;
  SeedCells id;
  SeedCells ceiling;   ///< the invariant one in distribution
  SeedCells learning;  ///< score in distribution beyond half-way
};

std::map<double, ScaleCells> collect(const ResultsView& view, const Line& line,
                                     const std::string& axis) {
  std::map<double, ScaleCells> scales;
  for (const ResultsView::Row& row : view.rows(line)) {
    const auto scale = axis_value(*row.trial, axis);
    if (!scale || !number(*row.trial, core::stored_domain(core::MeasuredIn::test),
                          core::stored_name(core::MetricId::gap)))
      continue;
    ScaleCells& cells = scales[scale->number];
    cells.gap.add_number(row.configuration, *row.trial, core::stored_domain(core::MeasuredIn::test),
                         core::stored_name(core::MetricId::gap));
    cells.id.add_number(row.configuration, *row.trial,
                        core::stored_domain(core::MeasuredIn::in_distribution), view.score());
    cells.ceiling.add_number(row.configuration, *row.trial,
                             core::stored_domain(core::MeasuredIn::in_distribution),
                             core::stored_name(core::MetricId::ceiling_invariant));
    cells.learning.add_learning(row.configuration, *row.trial, view.score());
  }
  return scales;
}

/// What a line comes to.
struct VerdictOfLine {
  std::string method;
  std::vector<GapAtScale> scales;
  Estimate change;
  Estimate id;  ///< at the largest scale
  double ceiling = 0.0;
  GapOutcome outcome = GapOutcome::undecided;
  std::optional<Contrast> contrast;  ///< none of a line with one scale

  [[nodiscard]] const GapAtScale& first() const { return scales.front(); }
  [[nodiscard]] const GapAtScale& last() const { return scales.back(); }
};

/// The outcome by intervals that are wider than those that people see: of a look of a run that may
/// stop early.
GapOutcome outcome_at(double level, const std::map<double, ScaleCells>& cells, bool accuracy,
                      double margin) {
  std::vector<GapAtScale> scales;
  for (const auto& [scale, own] : cells) {
    scales.push_back({scale, own.gap.estimate_at(level, "", accuracy ? kDifference : Range{}),
                      learned(own.learning.estimate_at(level, ""))});
  }
  const SeedCells change = cells.rbegin()->second.gap.minus(cells.begin()->second.gap);
  return gap_outcome(scales, change.estimate_at(level, "", accuracy ? Range{-2.0, 2.0} : Range{}),
                     margin);
}

/// Whether more seeds could not tell more of it.
bool is_decided(GapOutcome outcome) {
  switch (outcome) {
    case GapOutcome::closed_there:  // whether it was open at a smaller scale
    case GapOutcome::shrinks:       // whether it is still open
    case GapOutcome::open:          // whether it changes
    case GapOutcome::learning_unsure:
    case GapOutcome::one_seed:
    case GapOutcome::undecided:
      return false;
    default:
      return true;
  }
}

/// The change of the gap, which the number of seeds is planned for.
Contrast change_contrast(const VerdictOfLine& verdict, const SeedCells& change, double margin,
                         const std::string& axis) {
  Contrast contrast =
      contrast_of(fmt::format("change of the gap along {} under {}", axis, verdict.method), "gap",
                  verdict.change, untested(change));
  contrast.margin = margin;
  contrast.sign_flips = false;  // intervals decide
  contrast.decided = is_decided(verdict.outcome);
  return contrast;
}

VerdictOfLine judge(const std::map<double, ScaleCells>& cells, const ResultsView& view,
                    const std::string& method, const GapOptions& options, double level) {
  const std::string& axis = options.axis;
  const double margin = options.margin;
  const bool accuracy = view.scored_by_accuracy();
  const Range range = accuracy ? kDifference : Range{};
  VerdictOfLine verdict;
  verdict.method = method;
  for (const auto& [scale, own] : cells) {
    const std::string key = fmt::format("gap {} {} {}", method, axis, scale);
    verdict.scales.push_back(
        {scale, own.gap.estimate(key, range), learned(own.learning.estimate(key + " learned"))});
  }
  const ScaleCells& last = cells.rbegin()->second;
  const SeedCells change = last.gap.minus(cells.begin()->second.gap);
  verdict.change = change.estimate(fmt::format("change {} {}", method, axis),
                                   accuracy ? Range{-2.0, 2.0} : Range{});
  verdict.id = last.id.estimate(fmt::format("id {} {}", method, axis), range_of(view.score()));
  verdict.ceiling = mean(last.ceiling.values());
  verdict.outcome = level == kTestLevel ? gap_outcome(verdict.scales, verdict.change, margin)
                                        : outcome_at(level, cells, accuracy, margin);
  if (cells.size() > 1 && !change.empty()) {
    verdict.contrast = change_contrast(verdict, change, margin, axis);
  }
  return verdict;
}

/// A small gap is no merit of a model that gave up what there is to learn in distribution.
std::string id_remark(const VerdictOfLine& verdict, bool accuracy, double margin) {
  const bool below = accuracy ? verdict.id.high < verdict.ceiling - margin
                              : verdict.id.low > verdict.ceiling + margin;
  const bool open = verdict.outcome == GapOutcome::open || verdict.outcome == GapOutcome::grows ||
                    verdict.outcome == GapOutcome::plateaus;
  if (!below || !verdict.id.has_spread() || open) return {};
  return fmt::format("; in distribution it scores {} there, and the invariant ceiling is {}",
                     show(verdict.id), show(verdict.ceiling));
}

/// How the answer begins: with what holds under every method, else that they differ.
std::string headline(const std::vector<VerdictOfLine>& verdicts) {
  std::set<std::string> headlines;
  for (const VerdictOfLine& one : verdicts) headlines.insert(gap_headline(one.outcome));
  return headlines.size() == 1 ? *headlines.begin() : "It depends on the method";
}

std::string sentence_of(const VerdictOfLine& verdict, const std::string& axis, bool first,
                        const std::string& remark) {
  if (!first) {
    return fmt::format(" Under {} the gap is {} at {} ({}{}).", verdict.method,
                       show(verdict.last().gap), verdict.last().scale,
                       gap_outcome_name(verdict.outcome), remark);
  }
  const std::string clause = gap_clause(verdict.outcome);
  return fmt::format(": under {} the gap is {} at {} = {} and {} at {}{}{}{}.", verdict.method,
                     show(verdict.first().gap), axis, verdict.first().scale,
                     show(verdict.last().gap), verdict.last().scale, clause.empty() ? "" : ": ",
                     clause, remark);
}

Table make_table(const std::string& name, const std::string& axis, double margin) {
  return {name + "_verdicts",
          fmt::format("Gap at the smallest and at the largest {0}, and the paired change: means "
                      "with {2} over seeds. Verdicts use a margin of {1}. {3}, in distribution. "
                      "The glossary (or 'spurion describe TERM') defines each column and verdict.",
                      axis, margin, kIntervalText, kLearnedText),
          {{"method"},
           {"smallest", ColumnKind::number},
           {"gap at smallest", ColumnKind::estimate},
           {"largest", ColumnKind::number},
           {"gap at largest", ColumnKind::estimate},
           {"change", ColumnKind::estimate},
           {"ID at largest", ColumnKind::estimate},
           {"invariant ceiling ID", ColumnKind::number},
           {"verdict"}}};
}

class GapAgainstScale final : public Question {
 public:
  using Options = GapOptions;
  static const Schema<Options>& schema() {
    static const auto built =
        Schema<Options>()
            .field("axis", &Options::axis,
                   "The scale: a field of the trials such as \"model.width\" or "
                   "\"training.rows\".")
            .names(FieldUse::axis)
            .required()
            .field("margin", &Options::margin,
                   "Margin: a gap is closed if its whole interval is within this distance of 0.",
                   at_least(0));
    return built;
  }
  explicit GapAgainstScale(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;
  [[nodiscard]] bool decides() const override { return true; }

 private:
  Options options_;
};

Answer GapAgainstScale::answer(const Study& study, const std::string& experiment) const {
  const std::string& axis = options_.axis;
  const double margin = options_.margin;
  const ResultsView view(study, experiment, {axis});
  Answer answer;
  Chart chart;
  chart.name = fmt::format("gap_{}_{}", experiment, axis);
  chart.title = fmt::format("Out-of-distribution gap against {}", axis);
  chart.x_label = axis;
  chart.y_label = fmt::format("gap in {} (ID to OOD)", view.score_text());
  chart.log_x = true;
  chart.note =
      fmt::format("Band: {} over seeds. Other axes are averaged.{}", kIntervalText, view.note());
  Table table = make_table(chart.name, axis, margin);
  const std::vector<Line> lines = view.lines();
  std::vector<VerdictOfLine> verdicts;
  for (const Line& line : lines) {
    const std::map<double, ScaleCells> cells = collect(view, line, axis);
    if (cells.empty()) continue;
    verdicts.push_back(judge(cells, view, line.name, options_, study.test_level(experiment)));
    const VerdictOfLine& verdict = verdicts.back();
    if (verdict.contrast) answer.contrasts.push_back(*verdict.contrast);
    Series series;
    series.name = line.name;
    for (const GapAtScale& one : verdict.scales) {
      series.x.push_back(one.scale);
      series.y.push_back(one.gap);
    }
    chart.series.push_back(std::move(series));
    table.add({line.name, Number{verdict.first().scale}, verdict.first().gap,
               Number{verdict.last().scale}, verdict.last().gap, verdict.change, verdict.id,
               std::isnan(verdict.ceiling) ? Cell() : Number{verdict.ceiling, Notation::fixed, 3},
               std::string(gap_outcome_name(verdict.outcome))});
    answer.sentence += sentence_of(verdict, axis, answer.sentence.empty(),
                                   id_remark(verdict, view.scored_by_accuracy(), margin));
  }
  answer.sentence = verdicts.empty() ? "No trial of this experiment that is done has this axis."
                                     : fmt::format("{}{} Verdicts use a margin of {}.",
                                                   headline(verdicts), answer.sentence, margin);
  if (const double level = study.test_level(experiment); level != kTestLevel) {
    answer.sentence += fmt::format(
        " The verdicts are by intervals of {:.6g} %, those of this look at a run that may stop "
        "early.",
        100.0 * (1.0 - level));
  }
  if (const std::string notes = pooled_text(view, lines, {axis}) + view.fates_text(lines);
      !notes.empty()) {
    answer.sentence += " " + notes;
  }
  answer.charts.push_back(std::move(chart));
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace

void register_gap_against_scale(QuestionKinds& kinds);
void register_gap_against_scale(QuestionKinds& kinds) {
  kinds.add<GapAgainstScale>("gap_against_scale",
                             "Does the out-of-distribution gap close along a scale?", "-");
}

}  // namespace spurion::analysis::questions
