#include "harness/measure/confusion_index.hpp"

namespace spurion::harness {

namespace {

/// What the invariant predictor is ahead of one that follows the cue; 0 where that is not known to
/// be positive. There nobody is confused who follows the cue, and a share of nothing has no value.
double cost_of_the_cue(const Ceilings& ceilings, Score score) {
  const double lead = ceilings.invariant.value - ceilings.spurious_only.value;
  const double cost = score == Score::accuracy ? lead : -lead;
  const double unsure = 1e-9 + ceilings.invariant.error_bound + ceilings.spurious_only.error_bound;
  return cost > unsure ? cost : 0.0;
}

}  // namespace

std::optional<double> confusion_index(const Environment& environment, double test_score) {
  const Ceilings ceilings = environment.ceilings(environment.test_domain());
  const Score score = environment.info().score();
  const double cost = cost_of_the_cue(ceilings, score);
  if (!(cost > 0.0)) return std::nullopt;
  const double lost = ceilings.invariant.value - test_score;
  return (score == Score::accuracy ? lost : -lost) / cost;
}

}  // namespace spurion::harness
