#include <fmt/format.h>

#include <cmath>

#include "analysis/questions/compare_policies/policy_answer.hpp"

namespace spurion::analysis::questions {

namespace {

Cell reference_cell(double value) {
  return std::isnan(value) ? Cell() : Cell(Number{value, Notation::fixed, 2});
}

Cell estimate_cell(const Estimate& estimate, int digits = 3) {
  return estimate.count == 0 ? Cell() : Cell(Interval(estimate, digits));
}

Cell cost_cell(double value) { return Cell(Number{value, Notation::significant, 4}); }

/// What a line comes to beside the baseline.
Cell against_cell(const ActingLine& line) {
  if (line.watches) return std::string("baseline");
  if (!line.change) return {};
  if (line.change->seeds < 2) return std::string("one seed only");
  switch (line.test.shown(*line.change)) {
    case Shown::above:
      return std::string("better than the baseline");
    case Shown::below:
      return std::string("worse than the baseline");
    case Shown::no:
      break;
  }
  return std::string("no difference shown");
}

}  // namespace

Table acting_table(const ActingFindings& findings) {
  const std::string& domain = findings.options.domain;
  Table table{
      "acting_" + findings.experiment,
      fmt::format(
          "How far the policies get in domain '{}': means with {} over seeds. The returns of the "
          "best policy ({}), of the policy that follows the cue only and of random actions are "
          "known "
          "from the environment. return confusion: 0 at the best policy, 1 at the policy that "
          "follows the cue. confused seeds: share of seeds whose index is above 0.5, with a 95 % "
          "Wilson "
          "interval. change in return: return minus the return of the baseline (method "
          "{}, regime "
          "{}), paired by seed; its verdict is adjusted for all lines (Holm). The verdict on a "
          "policy uses a margin of {}. Each seed counts with its mean over configurations. The "
          "glossary (or 'spurion describe TERM') defines each column and verdict.{}",
          domain, kIntervalText, findings.options.best, findings.options.baseline_method,
          findings.options.baseline_regime, findings.options.margin, findings.view.note(false)),
      {{"policy"},
       {"return", ColumnKind::estimate},
       {"best return", ColumnKind::number},
       {"return of the cue", ColumnKind::number},
       {"random return", ColumnKind::number},
       {"return confusion", ColumnKind::estimate},
       {"confused seeds", ColumnKind::estimate},
       {"goal reached", ColumnKind::estimate},
       {"proxy reached", ColumnKind::estimate},
       {"policy verdict"},
       {"change in return", ColumnKind::estimate},
       {"p", ColumnKind::number},
       {"against the baseline"},
       {"seeds", ColumnKind::count},
       {"trials", ColumnKind::count}}};
  for (const ActingLine& line : findings.lines) {
    const bool tested = line.change && line.change->seeds > 1;
    table.add({line.name, estimate_cell(line.reached, 2), reference_cell(line.best),
               reference_cell(line.by_cue), reference_cell(line.by_chance),
               estimate_cell(line.index), estimate_cell(line.modes.share()),
               estimate_cell(line.goal), estimate_cell(line.proxy),
               std::string(acting_verdict_name(line.verdict)),
               line.change ? estimate_cell(*line.change, 2) : Cell(),
               tested ? Cell(Number{line.test.student, Notation::probability, 3}) : Cell(),
               against_cell(line), line.reached.seeds, findings.view.fates(line.line).done});
  }
  return table;
}

Table acting_habits_table(const ActingFindings& findings) {
  Table table{
      "acting_habits_" + findings.experiment,
      fmt::format(
          "How the policies act in domain '{}', and what they cost: means with {} over seeds. "
          "expert accuracy: share of the expert's actions that the policy predicts on rows of "
          "demonstrations in distribution. action flip rate: share of the states that the policy "
          "leads to in which its action changes when only the cue changes. KL to conditional, KL "
          "to interventional: mean divergence of "
          "the policy's probabilities from the two exact posteriors, where the environment knows "
          "them. labels: distinct rows "
          "whose label was revealed. expert queries: states in which the expert was asked. "
          "environment steps: steps that the learner took while it was trained. Costs are means "
          "over trials.",
          findings.options.domain, kIntervalText),
      {{"policy"},
       {"expert accuracy", ColumnKind::estimate},
       {"action flip rate", ColumnKind::estimate},
       {"repeated actions", ColumnKind::estimate},
       {"KL to conditional", ColumnKind::estimate},
       {"KL to interventional", ColumnKind::estimate},
       {"labels", ColumnKind::number},
       {"expert queries", ColumnKind::number},
       {"environment steps", ColumnKind::number},
       {"GFLOP", ColumnKind::number}}};
  for (const ActingLine& line : findings.lines) {
    table.add({line.name, estimate_cell(line.accuracy), estimate_cell(line.flips),
               estimate_cell(line.repeats), estimate_cell(line.conditional, 4),
               estimate_cell(line.interventional, 4), cost_cell(line.labels),
               cost_cell(line.queries), cost_cell(line.steps), cost_cell(line.flops / 1e9)});
  }
  return table;
}

}  // namespace spurion::analysis::questions
