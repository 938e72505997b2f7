#include "analysis/normalised_score.hpp"

#include <cmath>
#include <limits>

#include "core/measurement_names.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

ScaleProblem ScoreScale::problem() const {
  if (!std::isfinite(cue_only) || !std::isfinite(invariant)) return ScaleProblem::unknown;
  const double least = accuracy ? kLeastToLearn : kLeastToLearn * std::abs(cue_only);
  if (!(cost() > 0.0)) return ScaleProblem::no_cost;
  return cost() > least ? ScaleProblem::none : ScaleProblem::too_close;
}

double ScoreScale::of(double score) const {
  if (problem() != ScaleProblem::none) return std::numeric_limits<double>::quiet_NaN();
  return (score - cue_only) / (invariant - cue_only);
}

ScoreScale score_scale(const TrialResult& trial, bool accuracy) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  const std::string test = core::stored_domain(core::MeasuredIn::test);
  const auto ceiling = [&](core::MetricId id) {
    return number(trial, test, core::stored_name(id), 0).value_or(kUnknown);
  };
  return {ceiling(core::MetricId::ceiling_spurious_only),
          ceiling(core::MetricId::ceiling_invariant), accuracy};
}

}  // namespace spurion::analysis
