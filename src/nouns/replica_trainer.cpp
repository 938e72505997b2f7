#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "engine/kernels.hpp"
#include "engine/risks/known_risks.hpp"
#include "engine/risks/linear_risks.hpp"
#include "nouns/border_checks.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"

namespace spurion {

namespace {

/// Whether the model gives risks and their gradients of this batch without logits.
bool knows_risks_of(const Model& model, const Tensor& parameters, const Batch& batch) {
  if (parameters.scalar_type() != at::kFloat || !parameters.device().is_cpu()) return false;
  if (batch.weight.defined()) return false;  // its rows do not count alike
  return model.knows_risks(batch.task, batch.domains);
}

}  // namespace

ReplicaTrainer::ReplicaTrainer(const Model& model, Tensor parameters,
                               const OptimizerOptions& optimizer)
    : model_(&model),
      parameters_(parameters.contiguous().detach().clone().requires_grad_(true)),
      active_(at::ones({parameters.size(0)}, at::kBool)),
      last_losses_(at::zeros({parameters.size(0)})),
      optimizer_(optimizer, parameters.size(0), ParameterLayout::of(model), parameters.device()),
      diverged_at_(static_cast<std::size_t>(parameters.size(0)), -1) {
  const Tensor columns = columns_with(model, BlockRole::statistic);
  if (columns.numel() > 0) statistic_columns_ = columns.to(device());
}

void ReplicaTrainer::set_parameters(const Tensor& parameters) {
  nouns::check_parameters(parameters, parameters_);
  parameters_ = parameters.detach().to(device()).contiguous().clone().requires_grad_(true);
}

Tensor ReplicaTrainer::fresh_parameters(const std::vector<RandomKey>& keys) const {
  return model_->initialise(keys).to(device());
}

void ReplicaTrainer::limit_updates(UpdateLimits limits) {
  limits_ = std::move(limits);
  if (!limits_.trainable.defined()) return;
  if (limits_.trainable.scalar_type() != at::kBool || limits_.trainable.dim() != 1 ||
      limits_.trainable.size(0) != parameters_.size(1)) {
    throw PluginError("which parameters may change is " + nouns::text_of(limits_.trainable) +
                      ", expected bool [P]");
  }
  limits_.trainable = limits_.trainable.to(device());
}

void ReplicaTrainer::set_trainable(const Tensor& parameters) {
  set_parameters(limits_.trainable.defined()
                     ? at::where(limits_.trainable, parameters.detach(), parameters_.detach())
                     : parameters);
}

Output ReplicaTrainer::forward(const Tensor& x) {
  Output output = pass(parameters_, x);
  if (output.statistics.defined()) add_statistics(output.statistics);
  return output;
}

Output ReplicaTrainer::forward(const Batch& batch) {
  Output output;
  if (!batch.linear) {
    const bool known = risk_input_ == RiskInput::risks && !second_order_ &&
                       knows_risks_of(*model_, parameters_, batch);
    if (!known) return forward(batch.x);
    output.risks = engine::with_gradients(
        parameters_, model_->risks(parameters_.detach(), batch.x, batch.y, batch.task));
    return output;
  }
  std::tie(output.risks, output.risk_gradients) =
      engine::risks_and_gradients(batch.linear, parameters_, risk_input_ == RiskInput::curvature);
  return output;
}

void ReplicaTrainer::step_from_losses(const Tensor& losses) {
  nouns::check_losses(losses, parameters_);
  if (!losses.requires_grad()) {
    throw PluginError("the loss does not depend on the parameters: it has no gradient");
  }
  const auto gradients = torch::autograd::grad({losses}, {parameters_}, {at::ones_like(losses)});
  step_from_gradients(losses, gradients[0]);
}

void ReplicaTrainer::freeze_diverged(const Tensor& losses, const Tensor& gradient) {
  bool* active = active_.data_ptr<bool>();
  const std::int64_t count = gradient.size(1);
  // Off the processor one answer for all replicas is asked for, and waited for.
  const Tensor finite = gradient.is_cpu()
                            ? Tensor()
                            : (at::isfinite(losses) & at::isfinite(gradient).all(1)).to(at::kCPU);
  for (std::int64_t k = 0; k < replicas(); ++k) {
    if (!active[k]) continue;
    const bool well = finite.defined()
                          ? finite.data_ptr<bool>()[k]
                          : std::isfinite(losses.data_ptr<float>()[k]) &&
                                engine::all_finite(gradient.data_ptr<float>() + k * count, count);
    if (well) continue;
    active[k] = false;
    diverged_at_[static_cast<std::size_t>(k)] = step_;
  }
}

void ReplicaTrainer::freeze(std::int64_t replica) {
  bool& active = active_.data_ptr<bool>()[replica];
  if (active) diverged_at_.at(static_cast<std::size_t>(replica)) = step_;
  active = false;
}

void ReplicaTrainer::step_from_gradients(const Tensor& losses, const Tensor& gradient) {
  nouns::check_losses(losses, parameters_);
  nouns::check_gradient(gradient, parameters_);
  last_losses_ = losses.detach().contiguous();
  Tensor dense = gradient.detach().contiguous();
  // Penalties of all parameters have gradients there, which must not count in the norm either.
  if (statistic_columns_.defined()) dense = dense.index_fill(1, statistic_columns_, 0.0);
  freeze_diverged(last_losses_, dense);
  Tensor values = parameters_.detach();
  const bool limited = limits_.lr_multiplier != 1.0 || limits_.trainable.defined();
  const bool compared = limited || train_only_.defined() || statistic_columns_.defined();
  const Tensor before = compared ? values.clone() : Tensor();
  optimizer_.step(values, dense, active_);
  if (limited) {
    // Every update rule is proportional to its rate, so scaling the change scales the rate.
    const Tensor change = (values - before) * limits_.lr_multiplier;
    values.copy_(limits_.trainable.defined() ? at::where(limits_.trainable, before + change, before)
                                             : before + change);
  }
  if (train_only_.defined()) values.copy_(at::where(train_only_, values, before));
  if (statistic_columns_.defined()) move_statistics(values, before);
  ++step_;
}

void ReplicaTrainer::visit_state(StateVisitor& visit) {
  Tensor parameters = parameters_.detach();
  visit("parameters", parameters);
  if (visit.loading()) set_parameters(parameters);
  visit.on(at::kCPU)("active", active_);
  visit.on(device())("last_losses", last_losses_);
  visit("diverged_at", diverged_at_);
  visit("step", step_);
  StateVisitor inside = visit.inside("optimizer").on(device());
  optimizer_.visit_state(inside);
  visit.on(device())("train_only", train_only_);
  if (statistic_columns_.defined()) visit.on(device())("statistics", statistics_);
  for (Own& block : own_) {
    StateVisitor own = visit.inside("own").inside(block.name).on(device());
    Tensor values = block.parameters.detach();
    own("parameters", values);
    if (visit.loading()) block.parameters = values.contiguous().requires_grad_(true);
    StateVisitor updates = own.inside("optimizer").on(device());
    block.optimizer->visit_state(updates);
  }
}

ReplicaTrainer::DomainGradients ReplicaTrainer::domain_gradients(const Batch& batch,
                                                                 bool create_graph) {
  if (batch.linear) {
    const Output output = forward(batch);
    if (create_graph) return {output.risks, output.risk_gradients};
    // Writing into what is part of a graph makes the graph hold itself, step after step.
    return {output.risks.detach(), output.risk_gradients.detach()};
  }
  if (!create_graph && !second_order_) {
    if (knows_risks_of(*model_, parameters_, batch)) {
      const auto [risks, gradients] =
          model_->risks(parameters_.detach(), batch.x, batch.y, batch.task);
      return {risks, gradients};
    }
  }
  if (statistic_columns_.defined()) return joint_domain_gradients(batch, create_graph);
  // A replica of its own for each domain: then one backward pass gives all gradients.
  const std::int64_t domains = batch.domains;
  const Tensor each = parameters_.unsqueeze(1)
                          .expand({replicas(), domains, parameters_.size(1)})
                          .reshape({replicas() * domains, parameters_.size(1)})
                          .contiguous();
  const auto by_domain = [&](const Tensor& rows, std::int64_t tail_from) {
    const auto tail = rows.sizes().slice(static_cast<std::size_t>(tail_from));
    std::vector<std::int64_t> shape = {rows.size(0), domains, batch.rows_per_domain};
    shape.insert(shape.end(), tail.begin(), tail.end());
    Tensor split = rows.reshape(shape);
    shape[0] = replicas();
    split = split.expand(shape);
    shape.erase(shape.begin());
    shape[0] = replicas() * domains;
    return split.reshape(shape);
  };
  Batch alone = batch;
  alone.domains = 1;
  alone.x = by_domain(batch.x, 2);
  alone.y = by_domain(batch.y, 3).unsqueeze(1);
  if (batch.weight.defined()) alone.weight = by_domain(batch.weight, 3).unsqueeze(1);
  const Output output = second_order_ ? model_->forward_differentiable(each, alone.x)
                                      : model_->forward_anywhere(each, alone.x);
  const Tensor risks = domain_risks(output, alone);  // [K * E, 1]
  const Tensor gradients =
      torch::autograd::grad({risks.sum()}, {each}, {}, create_graph, create_graph)[0];
  return {(create_graph ? risks : risks.detach()).reshape({replicas(), domains}),
          gradients.reshape({replicas(), domains, -1})};
}

namespace {

/// Mean over the rows of each domain, each times its weight, [K, E].
Tensor weighted_means(losses::RowQuantity quantity, const Output& output, const Batch& batch) {
  const Tensor rows = losses::row_values(quantity, batch.task, output.logits, batch.y.flatten(1));
  return (rows.reshape({rows.size(0), batch.domains, batch.rows_per_domain}) * batch.weight)
      .mean(2);
}

}  // namespace

Tensor domain_risks(const Output& output, const Batch& batch) {
  if (output.risks.defined()) return output.risks;
  if (batch.weight.defined()) {
    return weighted_means(losses::RowQuantity::loss, output, batch);
  }
  return losses::domain_means(losses::RowQuantity::loss, batch.task, output.logits, batch.y);
}

Tensor domain_quantities(losses::RowQuantity quantity, const Output& output, const Batch& batch,
                         const ReplicaTrainer& trainer) {
  if (!output.risks.defined()) {
    if (batch.weight.defined()) {
      return weighted_means(quantity, output, batch);
    }
    return losses::domain_means(quantity, batch.task, output.logits, batch.y);
  }
  SPURION_CHECK(quantity == losses::RowQuantity::loss || output.risk_gradients.defined(),
                "a method that uses more than losses does not declare RiskInput::risks");
  switch (quantity) {
    case losses::RowQuantity::loss:
      return output.risks;
    case losses::RowQuantity::scale_gradient:
      // All parameters scale the logits, so the chain rule gives the derivative by their factor.
      return (output.risk_gradients * trainer.parameters().unsqueeze(1)).sum(2);
    case losses::RowQuantity::shift_gradient:
      return output.risk_gradients.select(2, output.risk_gradients.size(2) - 1);  // the bias
  }
  throw LogicError("unknown quantity");
}

Tensor l2_penalty(const Tensor& coefficient, const Tensor& parameters) {
  if (coefficient.is_cpu() && coefficient.scalar_type() == at::kFloat &&
      coefficient.is_contiguous()) {
    // Asked at every step: operations on tensors would cost more than the step of a small model.
    const float* values = coefficient.data_ptr<float>();
    const auto zero = [](float value) { return value == 0.0F; };
    if (std::all_of(values, values + coefficient.numel(), zero)) {
      return at::zeros_like(coefficient);
    }
  }
  return coefficient * (parameters * parameters).sum(1);
}

}  // namespace spurion
