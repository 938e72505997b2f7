#include "analysis/questions/goodhart/model_states.hpp"

#include <cmath>
#include <limits>
#include <map>

#include "core/measurement_names.hpp"
#include "spurion/analysis/learning.hpp"

namespace spurion::analysis::questions::goodhart {

namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

/// 1 where more is better, -1 where less is: numbers that do not say it are reliances.
double sign_of(const Study& study, const std::string& metric) {
  return study.metrics().of(metric).better == Better::high ? 1.0 : -1.0;
}

}  // namespace

StateReader::StateReader(const Study& study, const ResultsView& view,
                         const GoodhartOptions& options)
    : options_(options), score_(view.score()) {
  const std::string id = core::stored_domain(core::MeasuredIn::in_distribution);
  const double score_sign = view.scored_by_accuracy() ? 1.0 : -1.0;
  const std::vector<std::string> numbers = options.numbers();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t place = i < 2 ? i : kHeldOut + i - 2;
    wanted_.push_back({options.domain, numbers[i], place, sign_of(study, numbers[i])});
  }
  wanted_.push_back({options.gain_domain, score_, kOod, score_sign});
  wanted_.push_back({id, score_, kId, score_sign});
  wanted_.push_back({options.domain, options.distance, kDistance, 1.0});
  wanted_.push_back({"", core::stored_name(core::MetricId::selection_nats), kNats, 1.0});
}

std::vector<ModelState> StateReader::states(const TrialResult& trial) const {
  std::map<std::int64_t, std::vector<double>> by_step;
  for (const MeasurementRow row : trial.measurements) {
    for (const Wanted& wanted : wanted_) {
      if (row.metric != wanted.metric) continue;
      if (!wanted.domain.empty() && row.domain != wanted.domain) continue;
      auto& readings =
          by_step.try_emplace(row.step, std::vector<double>(width(), kNotMeasured)).first->second;
      readings[wanted.place] = wanted.sign * row.value;
    }
  }
  const LearningScale scale =
      learning_scale(trial, core::stored_domain(core::MeasuredIn::in_distribution), score_);
  std::vector<ModelState> states;
  for (auto& [step, readings] : by_step) {
    if (std::isnan(readings[kProxy]) || std::isnan(readings[kTruth])) continue;
    // The score has its sign turned where less is better.
    if (!std::isnan(readings[kId])) {
      readings[kLearning] = scale.beyond(scale.accuracy ? readings[kId] : -readings[kId]);
    }
    states.push_back({step, std::move(readings)});
  }
  return states;
}

}  // namespace spurion::analysis::questions::goodhart
