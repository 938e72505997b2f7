#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "methods/shared/distillation.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/access.hpp"
#include "spurion/method.hpp"
#include "spurion/schema.hpp"

namespace spurion::methods {

/// What the methods share that learn from rewards of the learner's own actions.
struct PolicyOptions : L2Option {
  double kl_anchor = 0.0;
  PerReplica<double> entropy_bonus = 0.01;
  std::int64_t value_depth = 2;
  std::int64_t value_width = 64;

  static const Schema<PolicyOptions>& schema() {
    using O = PolicyOptions;
    static const auto schema =
        Schema<O>()
            .field("kl_anchor", &O::kl_anchor,
                   "Weight of KL(pi || pi_0), in units of reward; pi_0 is the policy when acting "
                   "began.",
                   at_least(0), log_uniform(1e-3, 1e1))
            .field("entropy_bonus", &O::entropy_bonus,
                   "Weight of the entropy of the policy, in units of reward.", at_least(0),
                   log_uniform(1e-4, 1e-1))
            .field("value_depth", &O::value_depth,
                   "Hidden layers of the network that estimates values.", between(0, 16))
            .field("value_width", &O::value_width, "Units of each of its hidden layers.",
                   between(1, 16384))
            .include(L2Option::schema());
    return schema;
  }
};

/// A method whose model is a policy: the logits are those of the actions, pi(a | x) their softmax.
/// For minibatches with advantages it maximises
///
///     mean(surrogate + entropy_bonus H(pi)) - kl_anchor mean KL(pi || pi_0) - l2 ||theta||^2,
///
/// where pi_0 is the policy as it was at the first such minibatch, and fits the values of states
/// with a network of its own that reads the inputs. On a finite set of actions with rewards r and
/// no entropy bonus the best policy is proportional to pi_0 exp(r / kl_anchor) (Korbak et al. 2022,
/// arXiv:2205.11275). Minibatches without advantages are demonstrations: it minimises their
/// cross-entropy, and leaves the values as they are.
class PolicyMethod : public Method {
 public:
  [[nodiscard]] Access needs() const final;
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const final;
  void check(const Model& model) const final;
  void step(ReplicaTrainer& trainer, const Batch& batch) final;
  [[nodiscard]] Tensor state_values(ReplicaTrainer& trainer, const Tensor& x) const final;
  [[nodiscard]] std::optional<ReferenceModel> reference(const ReplicaTrainer& trainer) const final;
  void visit_state(StateVisitor& visit) final;
  [[nodiscard]] double cost_factor() const final { return kl_anchor_ > 0.0 ? 4.0 / 3.0 : 1.0; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const final;

 protected:
  /// `estimates_values`: whether it has the network of values. Throws `UsageError` for a
  /// regression.
  PolicyMethod(std::string name, const PolicyOptions& options, const MethodContext& context,
               bool estimates_values);

  /// What is maximised on average, [K, E, B]: of rows with these log-probabilities of the actions
  /// taken.
  [[nodiscard]] virtual Tensor surrogate(const Tensor& log_probability,
                                         const Batch& batch) const = 0;
  /// The loss of estimated values [K, E, B], for each row. default: squared error.
  [[nodiscard]] virtual Tensor value_loss(const Tensor& values, const Batch& batch) const;

 private:
  void fit_values(ReplicaTrainer& trainer, const Batch& batch) const;

  std::string name_;
  MethodContext context_;
  double kl_anchor_;
  Tensor entropy_bonus_;  // [K, 1, 1]
  Tensor l2_;             // [K]
  std::optional<OwnPerceptron> values_;
  Teacher anchor_;
};

/// Entropy of the predictions in nats for each row, [K, R]; for classes. `logits` [K, R, C].
Tensor row_entropies(Task task, const Tensor& logits);

}  // namespace spurion::methods
