#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

namespace {

constexpr TermKind kColumn = TermKind::column;

/// Of tables that compare methods or follow a gap along an axis. Long because it is a table: one
/// entry for each term.
std::vector<Term> comparison_columns() {
  return {
      {"ID", kColumn, "The score in distribution.", {"in distribution", "score"}, "as the score"},
      {"OOD",
       kColumn,
       "The score out of distribution.",
       {"out of distribution", "score"},
       "as the score"},
      {"OOD IQM",
       kColumn,
       "The interquartile mean of the score out of distribution: the mean of the middle half of "
       "the results (Agarwal et al. 2021).",
       {"OOD"},
       "as the score"},
      {"median OOD",
       kColumn,
       "The median over the samples that are done of the score out of distribution. It is computed "
       "for each seed; the mean and the interval are over seeds.",
       {"OOD", "sample"},
       "as the score"},
      {"selected by",
       kColumn,
       "The selector that chose the hyper-parameters of the row. An oracle is a leak.",
       {"selector", "leak"}},
      {"selection regret",
       kColumn,
       "By how much the score out of distribution of the oracle's choice is better than that of "
       "the "
       "selector's choice, paired by configuration and seed. Both stop early, or both do not.",
       {"selected by", "paired"},
       "as the score"},
      {"samples",
       kColumn,
       "The number of different hyper-parameter samples that a selector could choose from: the "
       "budget of the method.",
       {"sample"},
       "",
       "whole, >= 1"},
      {"updates used",
       kColumn,
       "The updates that the choice needs, as a share of those of training every sample to its "
       "end. "
       "Only successive halving needs fewer.",
       {"successive halving", "samples"},
       "share",
       "(0, 1]"},
      {"reads", kColumn, "What the selector reads.", {"selector"}},
      {"group rows",
       kColumn,
       "The smallest number of rows that the accuracy of a worst group was measured on.",
       {"worst group"},
       "rows",
       "whole, >= 1"},
      {"OOD difference",
       kColumn,
       "The score out of distribution minus that of the baseline, paired by configuration and "
       "seed.",
       {"paired", "p"},
       "as the score"},
      {"p",
       kColumn,
       "The p value of a paired t test over seeds: the probability of a difference at least this "
       "large if there is none. If several differences are tested, it is adjusted by Holm's "
       "method.",
       {"paired", "sign-flip p"},
       "",
       "[0, 1]"},
      {"sign-flip p",
       kColumn,
       "The p value of a sign-flip test: the share of all choices of signs of the paired "
       "differences "
       "whose mean is at least as far from 0. It assumes less than the t test. With n seeds it is "
       "at least 2^(1-n), so with few seeds it cannot be small. If several differences are tested, "
       "it is adjusted by Holm's method.",
       {"p"},
       "",
       "[0, 1]"},
      {"seeds",
       kColumn,
       "The number of seeds that the means are over.",
       {"seed", "interval"},
       "",
       "whole, >= 1"},
      {"trials",
       kColumn,
       "The number of trials that are done.",
       {"trial", "done"},
       "",
       "whole, >= 0"},
      {"may see",
       kColumn,
       "What the method needs to see beside inputs and labels.",
       {"information budget", "labels only", "domain labels", "group labels"}},
      {"smallest", kColumn, "The smallest value of the axis.", {"axis"}},
      {"gap at smallest",
       kColumn,
       "The gap at the smallest value of the axis.",
       {"gap"},
       "as the score"},
      {"largest", kColumn, "The largest value of the axis.", {"axis"}},
      {"gap at largest",
       kColumn,
       "The gap at the largest value of the axis.",
       {"gap"},
       "as the score"},
      {"change",
       kColumn,
       "The number at the last value of the axis minus that at the first, paired by seed.",
       {"paired", "axis"}},
      {"ID at largest",
       kColumn,
       "The score in distribution at the largest value of the axis.",
       {"in distribution"},
       "as the score"},
      {"invariant ceiling ID",
       kColumn,
       "The invariant ceiling in distribution at the largest value of the axis.",
       {"invariant"},
       "as the score"},
  };
}

/// Of claims along an axis and of published numbers.
std::vector<Term> claim_columns() {
  return {
      {"first", kColumn, "The first value of the axis.", {"axis"}},
      {"value at first", kColumn, "The number at the first value of the axis."},
      {"last", kColumn, "The last value of the axis.", {"axis"}},
      {"value at last", kColumn, "The number at the last value of the axis."},
      {"rank correlation",
       kColumn,
       "Spearman's rank correlation of the number with the axis, computed for each seed.",
       {},
       "",
       "[-1, 1]"},
      {"claim",
       kColumn,
       "The verdict on the claim.",
       {"holds", "refuted", "undecided", "did not learn"}},
      {"number", kColumn, "Which published number the row is about."},
      {"ours", kColumn, "Our mean and population standard deviation over runs."},
      {"runs", kColumn, "How many of our trials that mean is over.", {}, "", "whole, >= 0"},
      {"published", kColumn, "The published mean and standard deviation."},
      {"published runs", kColumn, "How many runs the published mean is over."},
      {"difference in SE", kColumn,
       "Our mean minus the published one, less the rounding of what is printed, in standard "
       "errors (SE): sqrt(s1^2 / n1 + s2^2 / n2)."},
      {"agreement",
       kColumn,
       "The verdict on a published number or claim.",
       {"agree", "differ", "undecided", "no number", "not run"}},
      {"note", kColumn, "What the suite says of the row."},
  };
}

/// Of streams. Long because it is a table: one entry for each term.
std::vector<Term> stream_columns_terms() {
  return {
      {"after phase",
       kColumn,
       "The phase after which the model is measured.",
       {"phase"},
       "",
       "whole, >= 0"},
      {"own phase",
       kColumn,
       "The score on the distribution of that phase.",
       {"phase"},
       "as the score"},
      {"invariant ceiling",
       kColumn,
       "The best score of predictors that use causal features only. In a table of phases it is "
       "that "
       "of the phase.",
       {"invariant"},
       "as the score"},
      {"train domains",
       kColumn,
       "The score on new rows of the train domains.",
       {"in distribution"},
       "as the score"},
      {"cues randomised",
       kColumn,
       "The score on the rows of the phase with its cues randomised.",
       {"randomised cues", "cue contribution"},
       "as the score"},
      {"cue contribution change",
       kColumn,
       "The cue contribution minus that of the model after phase 0 on the same rows.",
       {"cue contribution"},
       "as accuracy; share of the target's variance for regression"},
      {"environment, stream",
       kColumn,
       "The environment, the trajectory of the stream and the options that differ between streams.",
       {"environment", "trajectory"}},
      {"max flip rate before",
       kColumn,
       "The largest flip rate of all cues after phase 0.",
       {"flip rate"},
       "share of rows; standard deviations of the target for regression",
       "[0, 1]; [0, inf) for regression"},
      {"max flip rate now",
       kColumn,
       "The largest flip rate of all cues after the phase.",
       {"flip rate"},
       "share of rows; standard deviations of the target for regression",
       "[0, 1]; [0, inf) for regression"},
      {"reliance on new cues",
       kColumn,
       "The largest flip rate of the new cues.",
       {"new cues", "reliance"}},
      {"reliance on old cues",
       kColumn,
       "The largest flip rate of the old cues.",
       {"old cues", "reliance"}},
      {"reliance on unseen cues",
       kColumn,
       "The largest flip rate of the unseen cues.",
       {"unseen cues", "reliance"}},
      {"scale", kColumn, "The value of the axis; 0 where the question has none.", {"axis"}},
      {"rows",
       kColumn,
       "Rows that entered a gradient, a mean over trials.",
       {"budget"},
       "rows",
       "[0, inf)"},
      {"labels",
       kColumn,
       "Labels that were revealed, a mean over trials.",
       {"budget"},
       "labels",
       "[0, inf)"},
      {"updates",
       kColumn,
       "Updates of the parameters, a mean over trials.",
       {"budget"},
       "updates",
       "[0, inf)"},
      {"GFLOP",
       kColumn,
       "Floating-point operations of the passes that the model learned from, counted, a mean "
       "over trials. Predictions that are only scored are not counted.",
       {"budget"},
       "10^9 operations",
       "[0, inf)"},
  };
}

}  // namespace

std::vector<Term> column_terms() {
  std::vector<Term> all;
  for (auto* part : {&comparison_columns, &leaderboard_columns, &adaptation_columns, &claim_columns,
                     &stream_columns_terms, &scaling_columns, &planning_columns}) {
    const std::vector<Term> terms = part();
    all.insert(all.end(), terms.begin(), terms.end());
  }
  return all;
}

}  // namespace spurion::analysis
