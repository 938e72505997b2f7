#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/metric_info.hpp"

/// \file
/// What a stored number is, as a type. Its text form, which stores and files hold, is made and
/// read here and nowhere else.

namespace spurion::core {

/// The numbers that spurion itself writes or reads. Those that only a registered metric knows are
/// `other`.
enum class MetricId {
  accuracy,
  loss,
  train_accuracy,
  train_loss,
  gap,
  confusion_index,
  worst_group_accuracy,
  worst_group_rows,
  evaluated_rows,
  rows,
  flip_rate,
  counterfactual_rms_change,
  causal_flip_rate,
  causal_counterfactual_rms_change,
  shortcut_bias,
  cue_randomised_accuracy,
  causal_randomised_accuracy,
  randomised_accuracy,
  randomised_loss,
  cue_contribution,
  shift,
  cue_strength,
  trained_cue_strength,
  control_shift_level,
  target_variance,
  prequential_accuracy,
  prequential_loss,
  window_rows,
  regret,
  invariant_regret,
  spent,
  ceiling_bayes,
  ceiling_invariant,
  ceiling_spurious_only,
  ceiling_chance,
  ceiling_population_erm,
  theory_score,
  theory_score_error,
  theory_gap,
  theory_gap_error,
  spurious_correlation,
  theory_spurious_correlation,
  theory_spurious_correlation_error,
  causal_coefficient_error,
  noncausal_coefficient_error,
  mean_return,
  return_error,
  return_regret,
  return_confusion,
  return_gap,
  goal_rate,
  proxy_rate,
  episode_steps,
  evaluated_episodes,
  own_state_accuracy,
  action_flip_rate,
  repeat_action_rate,
  expert_repeat_rate,
  copycat_own_error,
  copycat_expert_error,
  conditional_kl,
  interventional_kl,
  return_optimal,
  return_optimal_error,
  return_expert,
  return_cue,
  return_random,
  environment_steps,
  expert_queries,
  training_return,
  shown_inputs,
  reference_distance,
  reference_divergence,
  policy_entropy,
  prior_entropy,
  prior_divergence,
  collapsed_states,
  optimum_entropy,
  optimum_divergence,
  prior_optimum_divergence,
  generation,
  selection_nats,
  fitness,
  probe_reliance,
  cue_flip_rate,
  output_change,
  probing_flops,
  other
};

/// A stored number: which one and, where there is one of each cue, of which cue.
struct MetricKey {
  MetricId id = MetricId::other;
  std::string cue = {};
};

/// The facts of a store tell of the columns of its metrics: `MetricInfo` as JSON under this prefix
/// and the name.
inline constexpr const char* kMetricFact = "metric.";
/// Under this prefix and the name of a regime, the facts of a store name the options of the regime
/// that shape its stream, with spaces between them.
inline constexpr const char* kStreamOptionsFact = "stream_options.";
/// Under this prefix and the name of a registered method, the facts of a store say which control of
/// comparisons it is: `control_name`.
inline constexpr const char* kControlFact = "control.";

/// The stored name of a number that is not one of each cue.
SPURION_API const std::string& stored_name(MetricId id);
/// The stored name of a number of one cue.
SPURION_API std::string stored_name(MetricId id, const std::string& cue);
/// What a stored name means; `MetricId::other` where spurion itself knows no such number.
SPURION_API MetricKey parse_metric(std::string_view stored);

/// Which probe a number is of, by its label in the suite, and the cue.
struct ProbeKey {
  std::string label;
  std::string cue;
};
/// "probe_LABEL_on_CUE"
SPURION_API std::string stored_probe(const std::string& label, const std::string& cue);
/// What such a name means; none where it is no reliance that a probe found.
SPURION_API std::optional<ProbeKey> parse_probe(std::string_view stored);

/// What is known about each number of `MetricId`, in its order, without `other`.
SPURION_API const std::vector<MetricInfo>& own_metrics();
SPURION_API const MetricInfo& metric_info(MetricId id);
/// What is known about a stored name; null where spurion itself knows no such number.
SPURION_API const MetricInfo* own_metric(std::string_view stored);

/// The score of a trial: accuracy, or for regression the loss.
inline MetricId score_metric(bool accuracy) {
  return accuracy ? MetricId::accuracy : MetricId::loss;
}
/// What models are scored by. These are also measured on training and validation rows, and at each
/// shift value.
inline constexpr MetricId kScoreMetrics[] = {MetricId::accuracy, MetricId::loss};
/// The same score on rows that were trained on, with the informative cues randomised, or before
/// the rows were learned from. Throws `LogicError` for what is no score.
SPURION_API MetricId on_training_rows(MetricId score);
SPURION_API MetricId with_cues_randomised(MetricId score);
SPURION_API MetricId prequential(MetricId score);
/// How far predictions follow a variable: a flip rate, or for regression the root of the mean
/// squared change.
inline MetricId reliance_metric(bool accuracy) {
  return accuracy ? MetricId::flip_rate : MetricId::counterfactual_rms_change;
}

/// In what a number was measured.
enum class MeasuredIn {
  in_distribution,  ///< the mean over the train domains
  train,            ///< one train domain: `number`
  test,
  test_cue,         ///< only `cue` is shifted as in the test domain
  cue,              ///< rows on which only `cue` is informative
  shift_value,      ///< the domain of this `shift`
  phase,            ///< of a stream: `number`
  validation,       ///< validation rows of the train domains
  validation_test,  ///< validation rows of the test domain
  coefficients,     ///< of a linear model
  stream,           ///< windows of the stream, before they were learned from
  acting,           ///< where the learner of a regime acts, as the regime records it
  selection,        ///< of candidates that a regime selects from, as the regime records it
  other             ///< a name of an environment's or regime's own
};

/// The domain of a stored number.
struct DomainKey {
  MeasuredIn in = MeasuredIn::other;
  std::string cue = {};      ///< of test_cue and cue
  std::int64_t number = -1;  ///< of train and phase
  double shift = 0.0;        ///< of shift_value
};

/// The stored name of a domain. Throws `LogicError` for `other`, whose name is its own.
SPURION_API std::string stored_domain(const DomainKey& key);
/// The same of a domain that needs no more than its kind, such as the test domain.
SPURION_API std::string stored_domain(MeasuredIn in);
/// The stored names of a train domain, of a phase and of the domain at a shift value.
SPURION_API std::string stored_train(std::int64_t number);
SPURION_API std::string stored_phase(std::int64_t number);
SPURION_API std::string stored_shift(double shift);
/// What the stored name of a domain means.
SPURION_API DomainKey parse_domain(std::string_view stored);
/// Whether numbers of a domain of this name are what spurion measures, so that a regime cannot
/// record its own there.
SPURION_API bool is_measured_domain(std::string_view stored);
/// What a domain is, as a phrase: "in the test domain".
SPURION_API std::string domain_phrase(const std::string& stored);

}  // namespace spurion::core
