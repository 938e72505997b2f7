#include "methods/shared/domain_adversary.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "spurion/losses.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {

const Schema<AdversaryOptions>& AdversaryOptions::schema() {
  using O = AdversaryOptions;
  static const auto schema =
      Schema<O>()
          .field("penalty_weight", &O::penalty_weight, "Multiplier lambda of the adversary's loss.",
                 at_least(0), log_uniform(1e-2, 1e2))
          .field("adversary_steps", &O::adversary_steps,
                 "Updates of the adversary for each update of the model.", between(1, 64),
                 log_uniform_integer(1, 8))
          .field("gradient_penalty", &O::gradient_penalty,
                 "Multiplier of the squared gradient of the adversary's loss by the features.",
                 at_least(0), log_uniform(1e-2, 1e1))
          .field("adversary_learning_rate", &O::adversary_learning_rate,
                 "Step size of the adversary's Adam.", positive(), log_uniform(3e-5, 3e-3))
          .field("adversary_weight_decay", &O::adversary_weight_decay,
                 "Weight decay of the adversary.", at_least(0), log_uniform(1e-6, 1e-2))
          .field("adversary_beta1", &O::adversary_beta1, "beta1 of the adversary's Adam.",
                 between(0, 1))
          .field("adversary_width", &O::adversary_width,
                 "Units of each hidden layer of the adversary.", between(1, 65536),
                 log_uniform_integer(64, 1024))
          .field("adversary_depth", &O::adversary_depth, "Hidden layers of the adversary.",
                 between(0, 16), uniform_integer(2, 4))
          .include(L2Option::schema());
  return schema;
}

AdversarialMethod::AdversarialMethod(const AdversaryOptions& options, const MethodContext& context,
                                     std::int64_t more_inputs)
    : options_(options),
      context_(context),
      more_inputs_(more_inputs),
      adversary_("adversary", {context.domains, options.adversary_depth, options.adversary_width}),
      weight_(per_replica_tensor(options.penalty_weight, context)),
      gradient_penalty_(per_replica_tensor(options.gradient_penalty, context)),
      l2_(per_replica_tensor(options.l2, context)) {
  for (const double value : options.gradient_penalty.values()) {
    penalises_gradients_ = penalises_gradients_ || value > 0.0;
  }
}

Access AdversarialMethod::needs() const {
  Access access;
  access.domain_labels = true;
  return access;
}

std::vector<OwnBlock> AdversarialMethod::own_blocks(const Model& model) const {
  OptimizerOptions optimizer;
  optimizer.learning_rate = options_.adversary_learning_rate;
  optimizer.weight_decay = options_.adversary_weight_decay;
  optimizer.beta1 = options_.adversary_beta1;
  optimizer.beta2 = 0.9;
  return {
      adversary_.block(PerceptronInputs::of(model, context_, more_inputs_), context_, optimizer)};
}

void AdversarialMethod::step(ReplicaTrainer& trainer, const Batch& batch) {
  const Output output = trainer.forward(batch.x);
  const Tensor known = output.features.detach().requires_grad_(penalises_gradients_);
  for (std::int64_t i = 1; i < options_.adversary_steps; ++i) {
    trainer.step_own(adversary_.name(), adversary_loss(trainer, known, batch));
  }
  Tensor features = reversed(output.features, weight_.reshape({-1, 1, 1}));
  // Of a model that is linear in its inputs the features are the inputs, which nothing trains.
  if (!features.requires_grad()) features = known;
  const Tensor risk = domain_risks(output, batch).mean(1);
  trainer.step_with_own(risk + adversary_loss(trainer, features, batch) +
                        l2_penalty(l2_, trainer.parameters()));
}

Tensor AdversarialMethod::adversary_loss(const ReplicaTrainer& trainer, const Tensor& features,
                                         const Batch& batch) const {
  const Tensor guess = adversary_(trainer, seen(features, batch));
  const Tensor domain = at::arange(batch.domains, at::device(trainer.device()).dtype(at::kLong))
                            .repeat_interleave(batch.rows_per_domain)
                            .unsqueeze(0);
  const Tensor weights = row_weights(batch);
  const Tensor rows = losses::row_loss(Task::multiclass, guess, domain);
  const Tensor loss = row_mean(weights.defined() ? rows * weights : rows, batch);
  if (!penalises_gradients_) return loss;
  // The penalty is that of the plain loss of each row, without these weights, as in DomainBed.
  const Tensor slopes = torch::autograd::grad({rows.sum()}, {features}, {}, /*retain_graph=*/true,
                                              /*create_graph=*/true)[0];
  return loss + gradient_penalty_ * row_mean(slopes.pow(2).sum(2), batch);
}

}  // namespace spurion::methods
