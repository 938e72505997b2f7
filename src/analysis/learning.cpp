#include "spurion/analysis/learning.hpp"

#include <cmath>
#include <limits>

#include "core/measurement_names.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

double LearningScale::half_way() const {
  const double way = accuracy ? invariant - chance : chance - invariant;
  const double least = accuracy ? kLeastToLearn : kLeastToLearn * std::abs(chance);
  // NaN is not above anything.
  return way > least ? kLearnedShare * way : std::numeric_limits<double>::quiet_NaN();
}

double LearningScale::beyond(double score) const {
  return (accuracy ? score - chance : chance - score) - half_way();
}

LearningScale learning_scale(const TrialResult& trial, const std::string& domain,
                             const std::string& metric) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  return {number(trial, domain, core::stored_name(core::MetricId::ceiling_chance), 0)
              .value_or(kUnknown),
          number(trial, domain, core::stored_name(core::MetricId::ceiling_invariant), 0)
              .value_or(kUnknown),
          metric == core::stored_name(core::MetricId::accuracy)};
}

Learned learned(const Estimate& beyond) {
  if (beyond.count == 0 || std::isnan(beyond.value)) return Learned::unknown;
  if (!beyond.has_spread()) return beyond.value < 0.0 ? Learned::no : Learned::unsure;
  return beyond.low >= 0.0 ? Learned::yes : beyond.high < 0.0 ? Learned::no : Learned::unsure;
}

}  // namespace spurion::analysis
