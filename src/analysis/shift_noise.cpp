#include "analysis/shift_noise.hpp"

#include <cmath>
#include <utility>

#include "core/measurement_names.hpp"

namespace spurion::analysis {

ShiftNoise::ShiftNoise(std::string domain, const std::string& metric)
    : domain_(std::move(domain)),
      accuracy_(metric == core::stored_name(core::MetricId::accuracy)),
      share_(core::parse_domain(domain_).shift),
      first_(core::stored_shift(0.0), core::stored_name(core::MetricId::accuracy)),
      last_(core::stored_shift(1.0), core::stored_name(core::MetricId::accuracy)),
      fewer_(domain_, core::stored_name(core::MetricId::evaluated_rows)) {}

EvaluatedRows ShiftNoise::rows(const TrialResult& trial) {
  const Value& evaluation = trial.spec.evaluation;
  if (!evaluation.is_table()) return {};
  const void* const where = &evaluation.as_table();
  if (where != last_asked_) {  // trials of the same options often follow each other
    const auto [place, added] = asked_.try_emplace(where);
    if (added && evaluation.find("parts") == nullptr) {
      const Value* rows = evaluation.find("rows");
      if (rows != nullptr && rows->is_number()) place->second = rows->as_number();
    }
    last_asked_ = where;
    last_rows_ = place->second;
  }
  if (!last_rows_) return evaluated_rows(trial, domain_);
  const auto fewer = fewer_(trial, 0);
  return {fewer.value_or(*last_rows_), fewer.has_value()};
}

/// A weighted mean of rows and their twins, where the ends of the range of the shift and the value
/// say so, else a rate of rows that were drawn there.
RowNoise ShiftNoise::operator()(const TrialResult& trial, double value) {
  constexpr double kSame = 1e-9;
  if (!accuracy_) return {};
  const EvaluatedRows measured = rows(trial);
  const auto first = first_(trial);
  const auto last = last_(trial);
  if (first && last && share_ >= 0.0 && share_ <= 1.0 &&
      std::abs(value - ((1.0 - share_) * *first + share_ * *last)) < kSame) {
    return mixture_noise(*first, *last, share_, measured.rows, measured.all);
  }
  return rate_noise(value, measured.rows, measured.all);
}

}  // namespace spurion::analysis
