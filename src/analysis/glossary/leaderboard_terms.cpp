#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

/// Long because it is a table: one entry for each term.
std::vector<Term> leaderboard_columns() {
  constexpr TermKind kColumn = TermKind::column;
  return {
      {"normalised OOD",
       kColumn,
       "The score out of distribution on a scale that environments share: 0 is the score of a "
       "predictor that uses the cue only, 1 the invariant ceiling. It is 1 minus the confusion "
       "index.",
       {"OOD", "spurious only", "invariant", "confusion index"},
       "",
       "unbounded"},
      {"normalised IQM",
       kColumn,
       "The interquartile mean of the normalised scores of all runs: the mean of the middle half. "
       "A "
       "run is a seed in an environment that has a scale (Agarwal et al. 2021).",
       {"normalised OOD"},
       "",
       "unbounded"},
      {"probability of improvement",
       kColumn,
       "How probable it is that a run of the method scores better than a run of the baseline in "
       "the "
       "same environment, a tie counting half: the mean over the environments that have a scale "
       "(Agarwal et al. 2021). 0.5: neither is better. It says nothing of how much better.",
       {"normalised OOD"},
       "probability",
       "[0, 1]"},
      {"normalised",
       kColumn,
       "Whether the scores of the environment are put on the scale of its ceilings. They are not "
       "if "
       "the predictor that uses the cue only is less than 0.02 in accuracy, or 2 % in error, worse "
       "than the invariant ceiling.",
       {"normalised OOD"}},
      {"rank",
       kColumn,
       "The place of the method by its mean score, 1 for the best; methods with the same score "
       "share the mean of their ranks. In brackets: the middle 95 % of its ranks when the seeds "
       "are "
       "resampled, for all methods the same ones; and the ranks that the noise of the evaluated "
       "rows leaves open.",
       {"rank 1", "seed"},
       "",
       ">= 1"},
      {"rank 1",
       kColumn,
       "The share of the resamples of the seeds in which the method has rank 1, alone or with "
       "others.",
       {"rank"},
       "share of resamples",
       "[0, 1]"},
      {"wins",
       kColumn,
       "The number of environments in which the method is shown to be better out of distribution "
       "than the baseline and, where there is one, than the placebo control.",
       {"won", "control not beaten"},
       "environments",
       "whole, >= 0"},
      {"ties",
       kColumn,
       "The number of environments in which no difference from the baseline is shown.",
       {"tied"},
       "environments",
       "whole, >= 0"},
      {"losses",
       kColumn,
       "The number of environments in which the method is shown to be worse out of distribution "
       "than the baseline.",
       {"lost"},
       "environments",
       "whole, >= 0"},
      {"result",
       kColumn,
       "What is shown of the method against the baseline, out of distribution.",
       {"won", "tied", "lost"}},
      {"normalised difference",
       kColumn,
       "The normalised score out of distribution minus that of the baseline, paired by environment "
       "and seed: the mean over the environments with a scale. Its interval and tests are about "
       "these environments, not about others.",
       {"normalised OOD", "paired", "p"},
       "",
       "unbounded"},
      {"control difference",
       kColumn,
       "The score minus that of the placebo control, paired as the difference from the baseline. "
       "Of several such controls it is the one that the method is least surely better than.",
       {"control of a comparison", "paired"},
       "as the score",
       "unbounded"},
      {"control p",
       kColumn,
       "The p value of the paired t test that the control difference is 0, adjusted by Holm's "
       "method over all comparisons with such a control.",
       {"control difference", "p"},
       "probability",
       "[0, 1]"},
      {"control not beaten",
       kColumn,
       "The number of environments in which the method is better than the baseline, but not shown "
       "to be better than the placebo control.",
       {"won, control not beaten"},
       "environments",
       "whole, >= 0"},
      {"share of oracle",
       kColumn,
       "How much of the way from the baseline to the oracle control the method comes: its score "
       "minus the baseline's over the oracle's minus the baseline's, with a jackknife interval "
       "over "
       "seeds. Only where the oracle is shown to be better than the baseline.",
       {"control of a comparison"},
       "",
       "unbounded"},
      {"ID lost",
       kColumn,
       "The number of environments in which the method closed the gap by losing ID.",
       {"gap closed by losing ID"},
       "environments",
       "whole, >= 0"},
      {"not learned",
       kColumn,
       "The number of environments in which the method did not learn.",
       {"did not learn"},
       "environments",
       "whole, >= 0"},
      {"flag",
       kColumn,
       "What makes a small gap no success.",
       {"gap closed by losing ID", "did not learn"}},
      {"detectable",
       kColumn,
       "The smallest true difference that the paired t test would show in 4 of 5 repetitions, with "
       "so many seeds that vary like these, adjusted for the number of comparisons. A tie says "
       "nothing of smaller differences.",
       {"tied", "p"},
       "as the score",
       "[0, inf)"},
      {"tau",
       kColumn,
       "Kendall's tau-b of the orders of the methods in two environments: 1 for the same order, 0 "
       "for no relation, -1 for the opposite. In a table of environments: the mean with all "
       "others.",
       {"rank"},
       "",
       "[-1, 1]"},
      {"other environment", kColumn, "The second environment of the pair.", {"environment"}},
      {"slope",
       kColumn,
       "The slope of the least squares line of probit(OOD accuracy) against probit(ID accuracy) "
       "over trained models (Miller et al. 2021).",
       {"R", "certificate"},
       "",
       "unbounded"},
      {"R",
       kColumn,
       "Pearson's correlation of probit(OOD accuracy) with probit(ID accuracy) over trained "
       "models.",
       {"slope", "certificate"},
       "",
       "[-1, 1]"},
      {"certificate",
       kColumn,
       "Whether the environment can rank methods by robustness. It cannot where accuracy out of "
       "distribution just follows accuracy in distribution.",
       {"can rank methods", "cannot rank methods"}},
  };
}

std::vector<Term> leaderboard_verdicts() {
  constexpr TermKind kVerdict = TermKind::verdict;
  return {
      {"won",
       kVerdict,
       "The method is better out of distribution than the baseline: the interval of the paired "
       "difference and the tests, adjusted for all methods and environments, say so. Where the "
       "experiment has a placebo control, it is better than this too.",
       {"paired", "p", "control of a comparison"}},
      {"won, control not beaten",
       kVerdict,
       "The method is better out of distribution than the baseline, but not shown to be better "
       "than "
       "the placebo control. What it does may gain by its form alone, not by what it is told.",
       {"won", "control of a comparison"}},
      {"tied",
       kVerdict,
       "No difference from the baseline is shown. It does not follow that there is none.",
       {"detectable"}},
      {"lost",
       kVerdict,
       "The method is worse out of distribution than the baseline: the interval of the paired "
       "difference and the tests, adjusted for all methods and environments, say so.",
       {"paired", "p"}},
      {"gap closed by losing ID",
       kVerdict,
       "The gap is shown to be smaller than that of the baseline and the score in distribution "
       "worse, while no gain out of distribution is shown: the gap is smaller because the model is "
       "worse in distribution.",
       {"gap", "in distribution", "out of distribution"}},
      {"can rank methods",
       kVerdict,
       "The accuracy out of distribution does not just follow the accuracy in distribution: the "
       "slope is not above 0, or R is below 0.71.",
       {"slope", "R", "cannot rank methods"}},
      {"cannot rank methods",
       kVerdict,
       "Accuracy is on the line: the slope is above 0 and R above 0.71, so a method that is better "
       "out of distribution is just better in distribution too.",
       {"slope", "R", "can rank methods"}},
      {"models too alike",
       kVerdict,
       "The accuracies of the models differ by little more than the noise of the rows, so no line "
       "can be fitted.",
       {"certificate"}},
      {"too few models",
       kVerdict,
       "Fewer than three models, or one seed: no line can be fitted.",
       {"certificate"}},
  };
}

}  // namespace spurion::analysis
