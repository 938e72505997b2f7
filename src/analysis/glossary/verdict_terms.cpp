#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

namespace {

constexpr TermKind kVerdict = TermKind::verdict;

/// Of questions of kind gap_against_scale and scaling_law: does the gap close along an axis?
std::vector<Term> gap_verdicts() {
  return {
      {"no gap",
       kVerdict,
       "At every scale the whole interval of the gap is within the margin of 0. There was no gap "
       "to close.",
       {"gap", "margin"}},
      {"closes",
       kVerdict,
       "At the largest scale the whole interval of the gap is within the margin of 0, and at a "
       "smaller scale the whole interval was above the margin. Of a scaling law: also where the "
       "law is shown to end within the margin.",
       {"gap", "margin"}},
      {"closed there",
       kVerdict,
       "At the largest scale the whole interval of the gap is within the margin of 0. It is not "
       "shown that the gap was above the margin at a smaller scale.",
       {"closes"}},
      {"overshoots",
       kVerdict,
       "At the largest scale the whole interval of the gap is below minus the margin: the model "
       "predicts better out of distribution than in distribution.",
       {"gap"}},
      {"grows",
       kVerdict,
       "The gap at the largest scale is larger than at the smallest by more than the margin. Of a "
       "scaling law: and it is above the margin.",
       {"gap", "paired"}},
      {"shrinks",
       kVerdict,
       "The gap at the largest scale is smaller than at the smallest by more than the margin. It "
       "is not shown whether it is closed.",
       {"closes", "paired"}},
      {"shrinks, still open",
       kVerdict,
       "The gap at the largest scale is smaller than at the smallest by more than the margin, "
       "and the whole interval is still above the margin. Of a scaling law: it shrank and is above "
       "the margin; where it ends is not shown.",
       {"shrinks", "open"}},
      {"plateaus",
       kVerdict,
       "The gap at the largest scale is above the margin, and it changed by less than the margin "
       "from the smallest scale: more of the axis did not help. Of a scaling law: the whole "
       "interval of g_inf is above the margin.",
       {"open"}},
      {"open",
       kVerdict,
       "The whole interval of the gap at the largest scale is above the margin. It is not shown "
       "whether it changed by more than the margin. Of a scaling law: a verdict that says more, "
       "such as grows, is not shown as one of so many.",
       {"gap", "margin"}},
      {"learning not shown",
       kVerdict,
       "The gap at the largest scale, or in this cell, may be closed or is below 0, but it is not "
       "shown that the model learned there.",
       {"learned"}},
      {"one scale only", kVerdict, "The axis has one value only, so nothing can be compared."},
      {"one seed only",
       kVerdict,
       "There is one seed, or all seeds gave the same number, so there is no interval to judge "
       "by.",
       {"interval"}},
  };
}

/// Of a cell in questions of kind gap_grid.
std::vector<Term> grid_verdicts() {
  return {
      {"within margin",
       kVerdict,
       "The whole interval of the gap in this cell is within the margin of 0, over several seeds. "
       "The model learned there, or no invariant ceiling is known to judge that by.",
       {"gap", "margin"}},
      {"above margin",
       kVerdict,
       "The whole interval of the gap in this cell is above the margin.",
       {"gap", "margin"}},
      {"below margin",
       kVerdict,
       "The whole interval of the gap in this cell is below minus the margin: the score is higher "
       "out of distribution than in distribution.",
       {"gap", "margin"}},
  };
}

/// Of streams, and those that several kinds of questions give.
std::vector<Term> outcome_verdicts() {
  return {
      {"resolved",
       kVerdict,
       "The model used a cue after phase 0 and uses no cue now, and it has learned. Used: the "
       "largest flip rate was above the margin. Not now: the largest flip rate is below the "
       "margin and the cue contribution is within the margin of 0.",
       {"confusion", "flip rate", "cue contribution", "learned"}},
      {"replaced",
       kVerdict,
       "The model used a cue after phase 0, and its score on the last phase is now due to the "
       "cues of that phase: the cue contribution is above the margin and rose by more than the "
       "margin. In a phase without informative cues the largest flip rate of the new cues counts "
       "instead.",
       {"cue contribution", "new cues"}},
      {"adopted",
       kVerdict,
       "As replaced, but the model used no cue after phase 0, or nothing has shifted since.",
       {"replaced"}},
      {"unchanged",
       kVerdict,
       "The cue contribution and the flip rate of each cue changed by less than the margin since "
       "phase 0.",
       {"returned"}},
      {"returned",
       kVerdict,
       "As unchanged, but in a phase between the model had changed by more than the margin.",
       {"unchanged"}},
      {"not confused",
       kVerdict,
       "The model used no cue after phase 0 and uses none now, and it has learned.",
       {"resolved", "learned"}},
      {"collapsed",
       kVerdict,
       "The model has not learned at the end, but had learned earlier: after phase 0 of a "
       "stream, or at a smaller scale. Its small gap or flip rate is no success.",
       {"learned", "did not learn"}},
      {"did not learn",
       kVerdict,
       "The model has not learned, neither at the end nor, as far as is shown, earlier. Its gap "
       "and flip rate have no meaning.",
       {"learned", "collapsed"}},
      {"not measurable", kVerdict,
       "The environment cannot change its cue on a given row, so the flip rate or the cue "
       "contribution is not known."},
      {"undecided",
       kVerdict,
       "The intervals allow more than one verdict, or none holds. More seeds may decide.",
       {"interval"}},
  };
}

/// Of questions of kind trend and published.
std::vector<Term> claim_verdicts() {
  return {
      {"holds",
       kVerdict,
       "The number changed as the question claims, by more than the margin: the whole interval "
       "of the change and both tests say so. Of a scaling law: the verdict is the expected one.",
       {"p", "sign-flip p"}},
      {"refuted",
       kVerdict,
       "The number did not change as the question claims: the whole interval of the change and "
       "both tests say so. Of a scaling law: the verdict excludes the expected one.",
       {"holds"}},
      {"agree",
       kVerdict,
       "No difference from the published number is shown: Welch's t test gives no p below .05 over "
       "the number of published numbers that the suite compares. Of a published claim: it holds.",
       {"difference in SE", "p"}},
      {"differ",
       kVerdict,
       "A difference from the published number is shown, or a published claim is refuted.",
       {"agree"}},
      {"no number", kVerdict, "The trials are done, but did not measure the number."},
      {"not run", kVerdict, "No trial of the number is done."},
  };
}

std::vector<Term> statuses() {
  return {
      {"done", TermKind::status, "The trial ended, and its numbers are used."},
      {"diverged", TermKind::status,
       "A loss, gradient or logit of the trial was not finite, or the trial ended with absurd "
       "numbers. Its numbers are not used."},
      {"failed", TermKind::status,
       "The trial stopped with an error. Its numbers are not used. The message says why."},
  };
}

}  // namespace

std::vector<Term> verdict_terms() {
  std::vector<Term> all;
  for (auto* part : {&gap_verdicts, &grid_verdicts, &outcome_verdicts, &claim_verdicts,
                     &leaderboard_verdicts, &adaptation_verdicts, &scaling_verdicts, &statuses}) {
    const std::vector<Term> terms = part();
    all.insert(all.end(), terms.begin(), terms.end());
  }
  return all;
}

}  // namespace spurion::analysis
