#include "analysis/trial_numbers.hpp"

#include <algorithm>
#include <limits>

#include "core/measurement_names.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

namespace {

/// Places of the flip rates of the last phase that the largest is taken of: those of each cue alone
/// where a stream has them.
std::vector<std::size_t> flip_places(const TrialResult& trial) {
  const Measurements& measured = trial.measurements;
  std::int64_t last = 0;
  for (const MeasurementRow row : measured) last = std::max(last, row.phase);
  const std::string& flip_rate = core::stored_name(core::MetricId::flip_rate);
  std::vector<std::size_t> alone;
  std::vector<std::size_t> shifted;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const MeasurementRow row = measured[i];
    if (row.metric != flip_rate || row.phase != last) continue;
    const core::MeasuredIn in = core::parse_domain(row.domain).in;
    if (in == core::MeasuredIn::cue) alone.push_back(i);
    if (in == core::MeasuredIn::test || in == core::MeasuredIn::test_cue) shifted.push_back(i);
  }
  return alone.empty() ? shifted : alone;
}

}  // namespace

std::optional<double> FlipFinder::operator()(const TrialResult& trial) {
  std::optional<double> worst;
  for (const std::size_t place : places_.of(trial, flip_places)) {
    const double value = trial.measurements.value(place);
    worst = std::max(worst.value_or(value), value);
  }
  return worst;
}

LearningFinder::LearningFinder(const std::string& metric)
    : metric_(metric), noise_of_(core::stored_domain(core::MeasuredIn::in_distribution), metric) {}

LearningFinder::Places LearningFinder::find(const TrialResult& trial) const {
  const std::string id = core::stored_domain(core::MeasuredIn::in_distribution);
  const Measurements& measured = trial.measurements;
  return {number(trial, core::stored_phase(1), metric_).has_value(), measured.place(id, metric_),
          measured.place(id, core::stored_name(core::MetricId::ceiling_chance), 0),
          measured.place(id, core::stored_name(core::MetricId::ceiling_invariant), 0)};
}

void LearningFinder::add(SeedCells& cells, const std::string& configuration,
                         const TrialResult& trial) {
  const Places& places = places_.of(trial, [&](const TrialResult& one) { return find(one); });
  if (!places.score) return;
  if (places.streamed) {
    cells.add_learning(configuration, trial, metric_);
    return;
  }
  const auto value_at = [&](const std::optional<std::size_t>& place) {
    return place ? trial.measurements.value(*place) : std::numeric_limits<double>::quiet_NaN();
  };
  const double score = value_at(places.score);
  const LearningScale scale{value_at(places.chance), value_at(places.invariant),
                            metric_ == core::stored_name(core::MetricId::accuracy)};
  cells.add(configuration, trial.spec.seed, scale.beyond(score), noise_of_(trial, score));
}

}  // namespace spurion::analysis
