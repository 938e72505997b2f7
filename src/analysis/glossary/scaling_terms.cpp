#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

namespace {

constexpr TermKind kLawColumn = TermKind::column;

/// Of the verdicts of questions of kind scaling_law. Long because it is a table.
std::vector<Term> law_columns() {
  return {
      {"scales", kLawColumn, "The number of scales that were run.", {"axis"}, "", "whole, >= 1"},
      {"decades",
       kLawColumn,
       "log10 of the largest scale over the smallest. A law over less than 1.5 decades is not "
       "judged.",
       {"scales"},
       "",
       ">= 0"},
      {"value at largest",
       kLawColumn,
       "The number at the largest scale.",
       {"axis"},
       "as the number"},
      {"law",
       kLawColumn,
       "A formula of the scale N, fitted to the means of the scales.",
       {"scaling law", "held-out error"}},
      {"g_inf",
       kLawColumn,
       "The value at an unlimited scale, by the law g_inf + a N^-b. Its interval is that of the "
       "profile likelihood, so it holds every end that fits the trials with some exponent.",
       {"law", "plateaus", "threshold"},
       "as the number"},
      {"exponent",
       kLawColumn,
       "b in the law g_inf + a N^-b, with the exponents that fit the trials. The smaller it is, "
       "the more a law that closes looks like a plateau.",
       {"g_inf", "not identifiable"},
       "",
       "> 0"},
      {"held-out error",
       kLawColumn,
       "The root mean square error of a law on the largest scales, of the fit without them. The "
       "law with the smallest one is chosen.",
       {"law", "carried error", "seed noise"},
       "as the number",
       ">= 0"},
      {"error at largest",
       kLawColumn,
       "What the chosen law, fitted without the held-out scales, predicts at the largest scale, "
       "minus the mean there; with its 95 % interval over resamples of the seeds.",
       {"held-out error", "seed noise"},
       "as the number"},
      {"seed noise",
       kLawColumn,
       "The standard error of the mean over seeds at the largest scale: no law can be expected to "
       "predict it better.",
       {"held-out error", "seed deviation"},
       "as the number",
       ">= 0"},
      {"carried error",
       kLawColumn,
       "The held-out error of the last value carried forward: of the largest scale that was not "
       "held out. A law that does not beat it predicts nothing.",
       {"held-out error"},
       "as the number",
       ">= 0"},
      {"decades to margin",
       kLawColumn,
       "log10 of how much more scale a law that closes needs to reach the margin; below 0: it is "
       "reached within the scales that were run. Only where such a law fits.",
       {"exponent", "margin"}},
      {"ID shortfall",
       kLawColumn,
       "How far the score in distribution is from its exact ceiling. A gap that stays open where "
       "this is not 0 is no finding. Of a stream it is the score in the last phase.",
       {"under-trained", "ID ceiling"},
       "as the score"},
      {"theory within",
       kLawColumn,
       "At how many scales theory lies within the interval of the number, of those at which theory "
       "predicts it.",
       {"theory"}},
      {"exact gaps",
       kLawColumn,
       "Gaps that are known exactly, at the largest scale: of the invariant predictor, of one that "
       "follows the cue only, and of the best fit to unlimited rows of the train domains "
       "(population ERM). A gap of erm that ends at the last one is what the train domains ask "
       "for, not a lack of training.",
       {"gap", "population erm"}},
      {"gap of cue only",
       kLawColumn,
       "The exact gap of a predictor that follows the cue only.",
       {"exact gaps"}},
      {"gap of unlimited rows",
       kLawColumn,
       "The exact gap of the best fit to unlimited rows of the train domains.",
       {"exact gaps", "population erm"}},
      {"adjusted p",
       kLawColumn,
       "The p value of a verdict, adjusted by Holm's method for the verdicts of all questions of "
       "this kind of the suite. A verdict with more than 0.05 is not given.",
       {"p"},
       "",
       "[0, 1]"},
      {"seeds to decide",
       kLawColumn,
       "About how many seeds in all, at the same scales, would decide what is open in 4 of 5 "
       "cases. "
       "Empty: it is decided, or more seeds would not decide it.",
       {"undecided", "decades to decide"},
       "seeds",
       "whole, >= 2"},
      {"decades to decide",
       kLawColumn,
       "About how many further decades of scale, with as many seeds and scales for each, would "
       "decide what is open in 4 of 5 cases. Of one axis only; at most 6 are searched.",
       {"undecided", "seeds to decide", "decades"},
       "decades",
       "> 0"},
      {"reason", kLawColumn, "What a verdict rests on, or why there is none.", {"undecided"}},
      {"follows", kLawColumn, "The number that a law was fitted to.", {"law"}},
      {"law rank",
       kLawColumn,
       "The place of a law by its held-out error. 1: chosen.",
       {"held-out error"},
       "",
       "whole, >= 1"},
      {"parameters",
       kLawColumn,
       "The numbers in the formula of a law, fitted to all scales.",
       {"law"}},
      {"squared deviation",
       kLawColumn,
       "Sum over scales of ((mean - law) / deviation of the mean)^2, of the fit to all scales.",
       {"law"},
       "",
       ">= 0"},
  };
}

/// Of each scale, of the controls, and of files. Long because it is a table.
std::vector<Term> scale_columns() {
  return {
      {"value", kLawColumn, "The number that is followed.", {}, "as the number"},
      {"median", kLawColumn, "The median over seeds.", {"two modes"}, "as the number"},
      {"share within",
       kLawColumn,
       "The share of seeds with a number below the margin.",
       {"two modes", "margin"},
       "share",
       "[0, 1]"},
      {"modes",
       kLawColumn,
       "The means of the two groups that the seeds of a scale fall into, and the share of seeds in "
       "the lower one; none where they are one group.",
       {"two modes"}},
      {"seed deviation",
       kLawColumn,
       "The standard deviation over seeds.",
       {"seed noise"},
       "as the number",
       ">= 0"},
      {"row noise",
       kLawColumn,
       "The standard deviation of one seed's number that comes from the evaluated rows alone.",
       {"seed deviation"},
       "as the number",
       ">= 0"},
      {"repeats",
       kLawColumn,
       "How often the training shows each row (epochs). A stream has none.",
       {},
       "",
       ">= 0"},
      {"theory",
       kLawColumn,
       "What theory predicts for the number, computed without training.",
       {},
       "as the number"},
      {"theory difference",
       kLawColumn,
       "The number minus what theory predicts, paired by seed.",
       {"theory", "paired"},
       "as the number"},
      {"held out",
       kLawColumn,
       "Whether laws were chosen by their error at this scale, without having seen it.",
       {"held-out error"}},
      {"control", kLawColumn,
       "Something whose truth is known, to see what the verdicts say of it."},
      {"truth", kLawColumn, "What is known of a control.", {"control"}},
      {"judged", kLawColumn, "Verdicts on the control.", {"control"}, "", "whole, >= 0"},
      {"right", kLawColumn, "Verdicts that say the truth.", {"control"}, "", "whole, >= 0"},
      {"no verdict",
       kLawColumn,
       "Verdicts that claim nothing, such as undecided, or less than the truth, such as shrinks, "
       "still open of a plateau.",
       {"undecided"},
       "",
       "whole, >= 0"},
      {"wrong", kLawColumn, "Verdicts that say something false.", {"control"}, "", "whole, >= 0"},
      {"ID ceiling",
       kLawColumn,
       "The ceiling that the score in distribution must reach.",
       {"ID shortfall", "bayes", "invariant"},
       "as the score"},
      {"fitted value",
       kLawColumn,
       "What a law that was fitted to all scales says of a scale.",
       {"law", "residual"},
       "as the number"},
      {"residual",
       kLawColumn,
       "The mean over seeds minus the fitted value, in standard deviations of the mean as the fit "
       "weighs it.",
       {"fitted value", "squared deviation"}},
      {"extrapolated value",
       kLawColumn,
       "What a law that was fitted without the largest scales says of one of them.",
       {"held-out error", "held out"},
       "as the number"},
      {"draw", kLawColumn, "The number of a resample of the seeds.", {}, "", "whole, >= 0"},
      {"amplitude",
       kLawColumn,
       "a in the law g_inf + a N^-b, at the smallest scale.",
       {"g_inf"},
       "as the number"},
      {"threshold",
       kLawColumn,
       "The largest excess of the squared deviation with which a value of g_inf is compatible with "
       "the trials.",
       {"g_inf", "squared deviation"}},
  };
}

}  // namespace

std::vector<Term> scaling_ideas() {
  return {
      {"scaling law",
       TermKind::idea,
       "A formula for a number along a scale N, such as g_inf + a N^-b. It is fitted to trials at "
       "several scales, and judged by its error on larger scales that it has not seen.",
       {"axis", "g_inf", "plateaus", "held-out error"}},
  };
}

std::vector<Term> scaling_columns() {
  std::vector<Term> all = law_columns();
  const std::vector<Term> more = scale_columns();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<Term> scaling_verdicts() {
  constexpr TermKind kVerdict = TermKind::verdict;
  return {
      {"non-monotone",
       kVerdict,
       "The number is shown to fall and to rise by more than the margin along the axis, so that no "
       "power law describes it. Of several axes: along one of them, with the others held.",
       {"scaling law"}},
      {"two modes",
       kVerdict,
       "The seeds fall into two groups, such as those that find the causal feature and those that "
       "do not. The mean of both is no plateau: the share of seeds within the margin is told.",
       {"share within", "modes"}},
      {"not identifiable",
       kVerdict,
       "A law that ends above the margin and a law that closes with a small exponent both fit. "
       "Only larger scales can tell them apart.",
       {"exponent", "decades to margin"}},
      {"under-trained",
       kVerdict,
       "The score in distribution is not at its exact ceiling at the largest scale. What the gap "
       "does there may be for lack of training.",
       {"ID shortfall"}},
  };
}

}  // namespace spurion::analysis
