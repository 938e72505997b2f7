#pragma once

#include <cstdint>

#include "methods/shared/l2_option.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {

/// Options of methods with an adversary that predicts the domain. Defaults and ranges are
/// DomainBed's.
struct AdversaryOptions : L2Option {
  PerReplica<double> penalty_weight = 1.0;
  std::int64_t adversary_steps = 1;
  PerReplica<double> gradient_penalty = 0.0;
  PerReplica<double> adversary_learning_rate = 1e-3;
  PerReplica<double> adversary_weight_decay = 0.0;
  PerReplica<double> adversary_beta1 = 0.5;
  std::int64_t adversary_width = 256;
  std::int64_t adversary_depth = 2;

  static const Schema<AdversaryOptions>& schema();
};

/// A model whose features an adversary shall not tell the domain from: the adversary minimises its
/// loss A, the model minimises R - lambda A, in one backward pass through a gradient reversal.
class AdversarialMethod : public Method {
 public:
  AdversarialMethod(const AdversaryOptions& options, const MethodContext& context,
                    std::int64_t more_inputs);

  [[nodiscard]] Access needs() const override;
  [[nodiscard]] double cost_factor() const override { return 1.5; }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override;
  void step(ReplicaTrainer& trainer, const Batch& batch) override;

 protected:
  /// What the adversary sees, [K or 1, E * B, F + more_inputs], of features [K or 1, E * B, F].
  [[nodiscard]] virtual Tensor seen(const Tensor& features, const Batch& batch) const = 0;
  /// Weights of the rows in the adversary's loss, of mean 1, [K or 1, E * B]; undefined: all count
  /// alike. The gradient penalty does not have them.
  [[nodiscard]] virtual Tensor row_weights(const Batch& batch) const = 0;

 private:
  /// Loss of the adversary, with its gradient penalty, [K].
  [[nodiscard]] Tensor adversary_loss(const ReplicaTrainer& trainer, const Tensor& features,
                                      const Batch& batch) const;

  AdversaryOptions options_;
  MethodContext context_;
  std::int64_t more_inputs_;
  OwnPerceptron adversary_;
  Tensor weight_;
  Tensor gradient_penalty_;
  Tensor l2_;
  bool penalises_gradients_ = false;
};

}  // namespace spurion::methods
