#include "analysis/fits/scaling_judgement.hpp"

namespace spurion::analysis::fits {

ScalingJudgement judge_scaling(const ScalingData&, const ScalingOptions&, const std::string&) {
  return {};
}

ScalingOutcome adjusted_outcome(const ScalingJudgement& judgement, double adjusted_p,
                                double level) {
  const bool claims = judgement.outcome != ScalingOutcome::undecided &&
                      judgement.outcome != ScalingOutcome::not_identifiable;
  return claims && !(adjusted_p <= 1.0 - level) ? ScalingOutcome::undecided : judgement.outcome;
}

}  // namespace spurion::analysis::fits
