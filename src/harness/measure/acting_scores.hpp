#pragma once

#include <cstdint>
#include <vector>

#include "harness/measure/pack_scorer.hpp"
#include "spurion/interactive.hpp"

namespace spurion::harness {

/// Where policies are run, and how their use of the cue is measured.
struct ActingRequest {
  const Domain& domain;
  Split split = Split::test;
  std::int64_t episodes = 200;
  Intervention twin = Intervention::none();  ///< of what they see; none: no flip rate
  /// Whether the policies draw actions from their probabilities; else the environment says it.
  bool samples = false;
  bool habits = true;  ///< beside returns, goals and steps also how the policies act
  /// What the policies are held to; null: nothing.
  const ReferenceModel* reference = nullptr;
};

/// Runs the policy of each replica in its environment: "return", "goal_rate" and all other numbers
/// of `core::MetricId` that tell how a policy acts, [K] float64 each. The policies meet the same
/// starts and the same noise. Not a number where a replica has no such number.
MetricValues acting_scores(const PackScorer& scorer, const ReplicaTrainer& trainer,
                           const std::vector<std::shared_ptr<const Environment>>& environments,
                           const ActingRequest& request);

/// "expert_repeat_rate" and "copycat_expert_error" of the expert of one environment.
std::vector<std::pair<std::string, double>> expert_habits(const Environment& environment,
                                                          const Domain& domain,
                                                          std::int64_t episodes);

/// Adds what the returns come to beside those of the reference policies, [K] of them:
/// "return_regret" and "return_confusion".
void add_return_references(const std::vector<ReferenceReturns>& references, MetricValues& values);

}  // namespace spurion::harness
