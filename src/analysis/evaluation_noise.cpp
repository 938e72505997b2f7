#include "spurion/analysis/evaluation_noise.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "analysis/domain_noise.hpp"
#include "analysis/shift_noise.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

namespace {

/// "rows" of the part of this name, of predictions made elsewhere.
double scored_rows(const Value& parts, const std::string& domain) {
  if (!parts.is_list()) return 0.0;
  for (const Value& part : parts.as_list()) {
    const Value* name = part.is_table() ? part.find("domain") : nullptr;
    const Value* count = part.is_table() ? part.find("rows") : nullptr;
    if (name != nullptr && name->is_string() && name->as_string() == domain && count != nullptr &&
        count->is_number()) {
      return count->as_number();
    }
  }
  return 0.0;
}

/// Of a mean over the train domains, each of which has the same weight: the number of rows of one
/// domain that would leave it as unsure, k^2 / sum(1 / n). It is the sum where all have the same.
EvaluatedRows rows_of_train_domains(const TrialResult& trial, const std::string& metric) {
  double domains = 0.0;
  double inverse = 0.0;
  bool all = false;
  for (std::int64_t i = 0;; ++i) {
    const std::string domain = core::stored_train(i);
    if (!number(trial, domain, metric)) break;
    const EvaluatedRows own = evaluated_rows(trial, domain);
    domains += 1.0;
    inverse += 1.0 / own.rows;  // infinite where it is not known, so that nothing is
    all = all || own.all;
  }
  if (domains == 0.0)
    return evaluated_rows(trial, core::stored_domain(core::MeasuredIn::in_distribution));
  return {domains * domains / inverse, all};
}

/// Of a gap: two rates, each on rows of its own.
RowNoise gap_noise(const TrialResult& trial, const std::string& domain) {
  const auto own = number(trial, domain, core::stored_name(core::MetricId::accuracy));
  const auto id = number(trial, core::stored_domain(core::MeasuredIn::in_distribution),
                         core::stored_name(core::MetricId::accuracy));
  if (!own || !id) return {};
  const RowNoise first =
      row_noise(trial, domain, core::stored_name(core::MetricId::accuracy), *own);
  const RowNoise second = row_noise(trial, core::stored_domain(core::MeasuredIn::in_distribution),
                                    core::stored_name(core::MetricId::accuracy), *id);
  return {std::hypot(first.deviation, second.deviation), std::min(first.rows, second.rows),
          first.same_rows || second.same_rows};
}

/// Of (invariant ceiling - accuracy) / (invariant ceiling - cue only).
RowNoise confusion_noise(const TrialResult& trial) {
  const auto own = number(trial, core::stored_domain(core::MeasuredIn::test),
                          core::stored_name(core::MetricId::accuracy));
  const auto invariant = number(trial, core::stored_domain(core::MeasuredIn::test),
                                core::stored_name(core::MetricId::ceiling_invariant));
  const auto cue = number(trial, core::stored_domain(core::MeasuredIn::test),
                          core::stored_name(core::MetricId::ceiling_spurious_only));
  if (!own || !invariant || !cue || !(*invariant > *cue)) return {};
  RowNoise noise = row_noise(trial, core::stored_domain(core::MeasuredIn::test),
                             core::stored_name(core::MetricId::accuracy), *own);
  noise.unit = 1.0 / (*invariant - *cue);
  noise.deviation *= noise.unit;
  return noise;
}

}  // namespace

EvaluatedRows measured_rows(const TrialResult& trial, const std::string& domain,
                            const std::string& metric) {
  return core::parse_domain(domain).in == core::MeasuredIn::in_distribution
             ? rows_of_train_domains(trial, metric)
             : evaluated_rows(trial, domain);
}

RowNoise mixture_noise(double first, double second, double share, double rows, bool same_rows) {
  if (!(rows > 0.0) || std::isnan(first + second + share)) return {};
  const double more = rows + 4.0;
  const auto middle = [&](double rate) { return (std::clamp(rate, 0.0, 1.0) * rows + 2.0) / more; };
  const double a = middle(first);
  const double b = middle(second);
  const double s = std::clamp(share, 0.0, 1.0);
  const double together = std::max(0.0, a + b - 1.0) - a * b;
  const double variance = (1.0 - s) * (1.0 - s) * a * (1.0 - a) + s * s * b * (1.0 - b) +
                          2.0 * s * (1.0 - s) * together;
  return {std::sqrt(std::max(0.0, variance) / more), rows, same_rows};
}

RowNoise rate_noise(double rate, double rows, bool same_rows) {
  if (!(rows > 0.0) || !(rate >= 0.0 && rate <= 1.0)) return {};
  const double more = rows + 4.0;
  const double middle = (rate * rows + 2.0) / more;
  return {std::sqrt(middle * (1.0 - middle) / more), rows, same_rows};
}

RowNoise paired_noise(double difference, double rows, bool same_rows) {
  if (!(rows > 0.0) || std::isnan(difference)) return {};
  const double differ = (std::min(std::abs(difference), 1.0) * rows + 1.0) / (rows + 2.0);
  return {std::sqrt(differ * (1.0 - differ) / rows), rows, same_rows};
}

EvaluatedRows evaluated_rows(const TrialResult& trial, const std::string& domain) {
  const Value& evaluation = trial.spec.evaluation;
  if (!evaluation.is_table()) return {};
  if (const Value* parts = evaluation.find("parts")) return {scored_rows(*parts, domain), false};
  const Value* rows = evaluation.find("rows");
  if (rows == nullptr || !rows->is_number()) return {};
  const core::MeasuredIn in = core::parse_domain(domain).in;
  if (in == core::MeasuredIn::validation || in == core::MeasuredIn::validation_test) {
    return {number(trial, domain, core::stored_name(core::MetricId::rows)).value_or(0.0)};
  }
  const auto fewer = number(trial, domain, core::stored_name(core::MetricId::evaluated_rows), 0);
  return {fewer.value_or(rows->as_number()), fewer.has_value()};
}

RowNoise row_noise(const TrialResult& trial, const std::string& domain, const std::string& metric,
                   double value) {
  const core::MetricId id = core::parse_metric(metric).id;
  const core::MeasuredIn in = core::parse_domain(domain).in;
  switch (id) {
    case core::MetricId::gap:
      return gap_noise(trial, domain);
    case core::MetricId::confusion_index:
      return confusion_noise(trial);
    case core::MetricId::shortcut_bias: {  // a flip rate less what is exact
      const std::string& flip_rate = core::stored_name(core::MetricId::flip_rate);
      const auto flips = number(trial, domain, flip_rate);
      return flips ? row_noise(trial, domain, flip_rate, *flips) : RowNoise{};
    }
    default:
      break;
  }
  if (in == core::MeasuredIn::shift_value) {
    return ShiftNoise(domain, metric)(trial, value);
  }
  const bool own_error = metric == kError || metric == kWorstGroupError;
  if (in == core::MeasuredIn::stream || (id == core::MetricId::other && !own_error)) return {};
  EvaluatedRows measured = measured_rows(trial, domain, metric);
  if (id == core::MetricId::worst_group_accuracy || metric == kWorstGroupError) {
    measured.rows =
        number(trial, domain, core::stored_name(core::MetricId::worst_group_rows)).value_or(0.0);
    return rate_noise(value, measured.rows, measured.all);
  }
  if (id == core::MetricId::cue_contribution)
    return paired_noise(value, measured.rows, measured.all);
  const bool rate = own_error || core::metric_info(id).rate;
  return rate ? rate_noise(value, measured.rows, measured.all) : RowNoise{};
}

RowNoise row_noise(const TrialResult& trial, const std::string& domain, const MetricInfo& metric,
                   double value) {
  const bool own = core::parse_metric(metric.name).id != core::MetricId::other ||
                   metric.name == kError || metric.name == kWorstGroupError;
  if (own) return row_noise(trial, domain, metric.name, value);
  const core::MeasuredIn in = core::parse_domain(domain).in;
  if (!metric.rate || in == core::MeasuredIn::stream || in == core::MeasuredIn::shift_value)
    return {};
  const EvaluatedRows measured = measured_rows(trial, domain, metric.name);
  return rate_noise(value, measured.rows, measured.all);
}

}  // namespace spurion::analysis
