#include "analysis/domain_noise.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/measurement_names.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

namespace {

/// Whether a trial that was measured as this one, with its options, has numbers of as many rows:
/// neither the domain nor a train domain says that it has fewer.
bool has_usual_rows(const TrialResult& trial, const std::string& domain,
                    const std::string& metric) {
  const std::string& fewer = core::stored_name(core::MetricId::evaluated_rows);
  if (number(trial, domain, fewer, 0)) return false;
  for (std::int64_t i = 0; number(trial, core::stored_train(i), metric); ++i) {
    if (number(trial, core::stored_train(i), fewer, 0)) return false;
  }
  return true;
}

}  // namespace

DomainNoise::Rate::Rate(const std::string& domain, const std::string& metric)
    : noise(std::make_unique<DomainNoise>(domain, metric)), value(domain, metric) {}

DomainNoise::Kind DomainNoise::kind_of(const std::string& domain, const std::string& metric) {
  const core::MetricId id = core::parse_metric(metric).id;
  const core::MeasuredIn in = core::parse_domain(domain).in;
  if (id == core::MetricId::gap) return Kind::gap;
  if (id == core::MetricId::confusion_index) return Kind::confusion_index;
  if (id == core::MetricId::shortcut_bias) return Kind::shortcut_bias;
  if (in == core::MeasuredIn::shift_value) return Kind::shift;
  const bool own_error = metric == kError || metric == kWorstGroupError;
  if (in == core::MeasuredIn::stream || (id == core::MetricId::other && !own_error)) {
    return Kind::none;
  }
  if (in == core::MeasuredIn::validation || in == core::MeasuredIn::validation_test) {
    return Kind::each;
  }
  if (id == core::MetricId::worst_group_accuracy || metric == kWorstGroupError) {
    return Kind::worst_group;
  }
  if (id == core::MetricId::cue_contribution) return Kind::paired;
  return own_error || core::metric_info(id).rate ? Kind::rate : Kind::none;
}

DomainNoise::DomainNoise(std::string domain, std::string metric)
    : domain_(std::move(domain)), metric_(std::move(metric)), kind_(kind_of(domain_, metric_)) {
  const std::string& accuracy = core::stored_name(core::MetricId::accuracy);
  const std::string& test = core::stored_domain(core::MeasuredIn::test);
  if (kind_ == Kind::gap) {
    first_.emplace(domain_, accuracy);
    second_.emplace(core::stored_domain(core::MeasuredIn::in_distribution), accuracy);
  } else if (kind_ == Kind::confusion_index) {
    first_.emplace(test, accuracy);
    upper_.emplace(test, core::stored_name(core::MetricId::ceiling_invariant));
    lower_.emplace(test, core::stored_name(core::MetricId::ceiling_spurious_only));
  } else if (kind_ == Kind::shortcut_bias) {
    first_.emplace(domain_, core::stored_name(core::MetricId::flip_rate));
  } else if (kind_ == Kind::worst_group) {
    upper_.emplace(domain_, core::stored_name(core::MetricId::worst_group_rows));
  } else if (kind_ == Kind::shift) {
    shift_.emplace(domain_, metric_);
  }
}

const EvaluatedRows* DomainNoise::usual_rows(const TrialResult& trial, const void* evaluation) {
  const void* layout = trial.measurements.layout();
  if (layout != layout_ || evaluation != evaluation_) {
    if (!has_usual_rows(trial, domain_, metric_)) return nullptr;
    rows_ = measured_rows(trial, domain_, metric_);
    layout_ = layout;
    evaluation_ = evaluation;
  }
  return &rows_;
}

RowNoise DomainNoise::gap_noise(const TrialResult& trial) {
  const auto own = first_->value(trial);
  const auto id = second_->value(trial);
  if (!own || !id) return {};
  const RowNoise first = (*first_->noise)(trial, *own);
  const RowNoise second = (*second_->noise)(trial, *id);
  return {std::hypot(first.deviation, second.deviation), std::min(first.rows, second.rows),
          first.same_rows || second.same_rows};
}

RowNoise DomainNoise::confusion_noise(const TrialResult& trial) {
  const auto own = first_->value(trial);
  const auto invariant = (*upper_)(trial);
  const auto cue = (*lower_)(trial);
  if (!own || !invariant || !cue || !(*invariant > *cue)) return {};
  RowNoise noise = (*first_->noise)(trial, *own);
  noise.unit = 1.0 / (*invariant - *cue);
  noise.deviation *= noise.unit;
  return noise;
}

RowNoise DomainNoise::operator()(const TrialResult& trial, double value) {
  if (kind_ == Kind::none) return {};
  const Value& options = trial.spec.evaluation;
  const void* evaluation = options.is_table() ? &options.as_table() : nullptr;
  if (kind_ == Kind::each || trial.measurements.layout() == nullptr || evaluation == nullptr) {
    return row_noise(trial, domain_, metric_, value);
  }
  switch (kind_) {
    case Kind::gap:
      return gap_noise(trial);
    case Kind::confusion_index:
      return confusion_noise(trial);
    case Kind::shortcut_bias: {
      const auto flips = first_->value(trial);
      return flips ? (*first_->noise)(trial, *flips) : RowNoise{};
    }
    case Kind::shift:
      return (*shift_)(trial, value);
    default:
      break;
  }
  const EvaluatedRows* rows = usual_rows(trial, evaluation);
  if (rows == nullptr) return row_noise(trial, domain_, metric_, value);
  if (kind_ == Kind::worst_group) {
    return rate_noise(value, (*upper_)(trial).value_or(0.0), rows->all);
  }
  return kind_ == Kind::paired ? paired_noise(value, rows->rows, rows->all)
                               : rate_noise(value, rows->rows, rows->all);
}

}  // namespace spurion::analysis
