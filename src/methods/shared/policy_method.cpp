#include "methods/shared/policy_method.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {

namespace {

/// Numbers of rows [K, R] as [K, E, B].
Tensor as_rows(const Tensor& values, const Batch& batch) {
  return values.reshape({values.size(0), batch.domains, batch.rows_per_domain});
}

}  // namespace

PolicyMethod::PolicyMethod(std::string name, const PolicyOptions& options,
                           const MethodContext& context, bool estimates_values)
    : name_(std::move(name)),
      context_(context),
      kl_anchor_(options.kl_anchor),
      entropy_bonus_(per_replica_tensor(options.entropy_bonus, context).reshape({-1, 1, 1})),
      l2_(per_replica_tensor(options.l2, context)) {
  if (context.task == Task::regression) {
    throw UsageError(fmt::format("{} chooses actions, so it needs classes", name_));
  }
  if (estimates_values) {
    values_.emplace("values", PerceptronShape{1, options.value_depth, options.value_width});
  }
}

Access PolicyMethod::needs() const {
  Access access;
  access.rewards = true;
  return access;
}

std::vector<OwnBlock> PolicyMethod::own_blocks(const Model& /*model*/) const {
  if (!values_) return {};
  return {values_->block(element_count(context_.input_shape), context_)};
}

void PolicyMethod::check(const Model& model) const {
  if (kl_anchor_ > 0.0 && columns_with(model, BlockRole::statistic).numel() > 0) {
    throw UsageError(
        fmt::format("{}: 'kl_anchor' keeps the policy of the beginning, and its running statistics "
                    "of batch normalisation would not be those of its rows: use another "
                    "'normalisation'",
                    name_));
  }
}

double PolicyMethod::memory_bytes(const MemorySizes& sizes) const {
  return kl_anchor_ > 0.0 ? sizes.parameters + sizes.batch_rows * sizes.activations : 0.0;
}

void PolicyMethod::step(ReplicaTrainer& trainer, const Batch& batch) {
  const Output output = trainer.forward(batch.x);
  const Tensor losses = row_losses(output, batch);  // -log pi of the actions in the rows
  const Tensor l2 = l2_penalty(l2_, trainer.parameters());
  if (!batch.advantage.defined()) {
    trainer.step_from_losses(row_mean(losses, batch) + l2);
    return;
  }
  if (values_) fit_values(trainer, batch);
  const Tensor entropy = as_rows(row_entropies(batch.task, output.logits), batch);
  Tensor loss = l2 - row_mean(surrogate(-losses, batch) + entropy_bonus_ * entropy, batch);
  if (kl_anchor_ > 0.0) {
    if (!anchor_.known()) anchor_.learn(trainer);
    const Tensor start = anchor_.predict(trainer, batch.x);
    // The expectation is over what the policy does now.
    const Tensor divergence = row_divergences(batch.task, start, output.logits);
    loss = loss + kl_anchor_ * row_mean(as_rows(divergence, batch), batch);
  }
  trainer.step_from_losses(loss);
}

void PolicyMethod::fit_values(ReplicaTrainer& trainer, const Batch& batch) const {
  const Tensor values = as_rows((*values_)(trainer, batch.x.flatten(2)).squeeze(2), batch);
  trainer.step_own(values_->name(), row_mean(value_loss(values, batch), batch));
}

Tensor PolicyMethod::value_loss(const Tensor& values, const Batch& batch) const {
  return (values - batch.returns).pow(2);
}

Tensor PolicyMethod::state_values(ReplicaTrainer& trainer, const Tensor& x) const {
  if (!values_) return {};
  const at::NoGradGuard no_grad;
  return (*values_)(trainer, x.flatten(2)).squeeze(2);
}

std::optional<ReferenceModel> PolicyMethod::reference(const ReplicaTrainer& trainer) const {
  if (!anchor_.known()) return {};
  const Shape each = {trainer.replicas()};
  return ReferenceModel{anchor_.parameters(), at::full(each, kl_anchor_, at::kDouble),
                        entropy_bonus_.reshape({-1}).expand(each)};
}

void PolicyMethod::visit_state(StateVisitor& visit) {
  StateVisitor anchor = visit.inside("anchor");
  anchor_.visit_state(anchor);
}

Tensor row_entropies(Task task, const Tensor& logits) {
  if (task == Task::binary) {
    const Tensor z = logits.squeeze(-1);
    return losses::softplus(z) - z * losses::sigmoid(z);
  }
  const Tensor log_p = log_probabilities(logits);
  return -(losses::exp(log_p) * log_p).sum(-1);
}

}  // namespace spurion::methods
