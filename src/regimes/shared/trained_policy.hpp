#pragma once

#include <string>
#include <vector>

#include "acting/rollout.hpp"
#include "regimes/shared/stream_loop.hpp"

namespace spurion::regimes {

/// The policy that is trained, as it is now: what would be evaluated chooses the actions.
class TrainedPolicy {
 public:
  /// `stream` names the random numbers of its actions below the order key of each replica.
  TrainedPolicy(Run& run, const std::string& stream);

  /// Logits [K, B, A] in host memory of inputs [K, B, ...]; without gradients.
  [[nodiscard]] Tensor logits(const Tensor& inputs) const;
  /// Actions [K, B] for such logits, in the episodes of `rollout`: chosen as an evaluation chooses
  /// them (`InteractiveInfo::samples_actions`).
  [[nodiscard]] Tensor actions(const Tensor& logits, const acting::Rollout& rollout) const;
  /// The same, but always drawn from the probabilities of the policy.
  [[nodiscard]] Tensor sampled(const Tensor& logits, const acting::Rollout& rollout) const;
  /// Operations of one pass over one row.
  [[nodiscard]] double flops() const;

 private:
  Run* run_;
  std::vector<RandomKey> keys_;
  bool samples_;
};

}  // namespace spurion::regimes
