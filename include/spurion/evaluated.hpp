#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "spurion/model.hpp"

namespace spurion {

class ReplicaTrainer;
enum class Task;

/// Some of the K replicas, one after the other.
struct ReplicaRange {
  std::int64_t first = 0;  ///< number of the first
  std::int64_t count = 0;  ///< how many
};

/// What is evaluated of a method, where it is not the model with the trained parameters: an average
/// of weights, an ensemble, another last layer. The default is the trained model.
struct Evaluated {
  /// How the outputs of several members become one.
  enum class Join {
    probabilities,  ///< mean of the probabilities; of outputs for regression
    logits          ///< mean of the logits
  };
  /// Parameters of the model, float32 [K, P] each, on the device of the trainer. Empty: those that
  /// are trained. Several are an ensemble.
  std::vector<Tensor> members = {};
  Join join = Join::probabilities;  ///< of several members; default: probabilities
  /// A last layer of the method's own: from the output of a member for some of the replicas to
  /// their logits [count, B, C]. Empty: the logits of the model.
  std::function<Tensor(const Output&, ReplicaRange)> head = nullptr;

  /// Whether it is the trained model.
  [[nodiscard]] bool plain() const { return members.empty() && !head; }
};

/// Logits [count, B, C] of what is evaluated, for some of the replicas; `x` [count or 1, B, ...] on
/// the device of the trainer. Of an ensemble that joins probabilities they are the logits of the
/// mean probability, so that loss and accuracy are those of the mean. Throws `PluginError` unless
/// the shapes are right.
SPURION_API Tensor evaluated_logits(const Evaluated& evaluated, const ReplicaTrainer& trainer,
                                    ReplicaRange replicas, const Tensor& x, Task task);

/// The mean of several [K, B, C] logits as `join` says; differentiable. Probabilities are averaged
/// on the log scale, without overflow.
SPURION_API Tensor joined_logits(const std::vector<Tensor>& logits, Evaluated::Join join,
                                 Task task);

}  // namespace spurion
