// Names of verdicts, and why one was given.
#include <fmt/format.h>

#include "analysis/fits/scaling_judgement.hpp"
#include "analysis/fits/verdict.hpp"

namespace spurion::analysis::fits {

const char* scaling_outcome_name(ScalingOutcome outcome) {
  switch (outcome) {
    case ScalingOutcome::closes:
      return "closes";
    case ScalingOutcome::no_gap:
      return "no gap";
    case ScalingOutcome::overshoots:
      return "overshoots";
    case ScalingOutcome::shrinks_open:
      return "shrinks, still open";
    case ScalingOutcome::plateaus:
      return "plateaus";
    case ScalingOutcome::grows:
      return "grows";
    case ScalingOutcome::non_monotone:
      return "non-monotone";
    case ScalingOutcome::mixture:
      return "two modes";
    case ScalingOutcome::not_identifiable:
      return "not identifiable";
    case ScalingOutcome::under_trained:
      return "under-trained";
    case ScalingOutcome::open:
      return "open";
    case ScalingOutcome::undecided:
      break;
  }
  return "undecided";
}

std::string scaling_reason_text(ScalingReason reason, const ScalingOptions& options) {
  switch (reason) {
    case ScalingReason::observed:
      return "the scales that were run show it";
    case ScalingReason::extrapolated:
      return "the fitted law shows it";
    case ScalingReason::few_scales:
      return fmt::format("fewer than {} scales", options.least_scales);
    case ScalingReason::few_decades:
      return fmt::format("less than {} decades of scale", options.least_decades);
    case ScalingReason::one_seed:
      return "a scale has fewer than 2 seeds";
    case ScalingReason::law_fails:
      return "no law predicts the largest scales from the smaller ones";
    case ScalingReason::weak_law:
      return fmt::format("where the fitted law ends is shown with a p above {:.3g} only",
                         kBeyondScales * options.level_share);
    case ScalingReason::id_unsure:
      return "it is not shown whether the score in distribution is at its ceiling";
    case ScalingReason::adjusted:
      return "it is not shown as one of so many verdicts (Holm)";
    case ScalingReason::wide_interval:
      break;
  }
  return "the intervals allow more than one verdict";
}

}  // namespace spurion::analysis::fits
