#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <utility>

#include "nouns/border_checks.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"

namespace spurion {

Output ReplicaTrainer::forward_at(const Tensor& parameters, const Tensor& x) const {
  return pass(parameters, x);
}

Tensor ReplicaTrainer::gradient(const Tensor& losses) const {
  nouns::check_losses(losses, parameters_);
  const Tensor all = torch::autograd::grad({losses}, {parameters_}, {at::ones_like(losses)})[0];
  // A penalty of all parameters has one in running statistics, which no update follows.
  return statistic_columns_.defined() ? all.index_fill(1, statistic_columns_, 0.0) : all;
}

void ReplicaTrainer::train_only(const Tensor& mask) {
  if (mask.defined() &&
      (mask.scalar_type() != at::kBool || (mask.dim() != 1 && mask.dim() != 2) ||
       mask.size(-1) != parameters_.size(1) || (mask.dim() == 2 && mask.size(0) != replicas()))) {
    throw PluginError("the parameters to train are " + nouns::text_of(mask) +
                      ", expected bool [P] or [K, P]");
  }
  train_only_ = mask.defined() ? mask.to(device()) : mask;
}

void ReplicaTrainer::restart(const Tensor& mask, const Tensor& parameters) {
  const Tensor chosen = mask.to(device()).unsqueeze(1);
  set_parameters(at::where(chosen, parameters.detach().to(device()), parameters_.detach()));
  optimizer_.reset(mask);
}

void ReplicaTrainer::add_blocks(const std::vector<OwnBlock>& blocks) {
  for (const OwnBlock& block : blocks) {
    const auto same = [&](const Own& other) { return other.name == block.name; };
    if (block.name.empty() || std::any_of(own_.begin(), own_.end(), same)) {
      throw PluginError(
          fmt::format("two of its own blocks, or one without a name, are called '{}'", block.name));
    }
    if (!block.initial.defined() || block.initial.dim() != 2) {
      throw PluginError(fmt::format("its own block '{}' is {}, expected float32 [K, Q]", block.name,
                                    nouns::text_of(block.initial)));
    }
    nouns::check_initial(block.initial, replicas(), block.initial.size(1));
    OptimizerOptions options = block.optimizer.value_or(optimizer_.options());
    ParameterLayout layout = block.layout;
    if (layout.blocks.empty()) layout.count = block.initial.size(1);
    const bool named = std::any_of(layout.blocks.begin(), layout.blocks.end(),
                                   [](const ParameterBlock& part) { return !part.name.empty(); });
    // Those of the model's optimiser name blocks of the model.
    if (!named && !block.optimizer) options.lr_multipliers = LrMultipliers();
    if (layout.count != block.initial.size(1)) {
      throw PluginError(fmt::format("its own block '{}' has {} parameters, its layout has {}",
                                    block.name, block.initial.size(1), layout.count));
    }
    own_.push_back({block.name, block.initial.to(device()).contiguous().clone(),
                    std::make_unique<Optimizer>(options, replicas(), layout, device())});
    own_.back().parameters.requires_grad_(true);
  }
}

std::size_t ReplicaTrainer::own_index(const std::string& name) const {
  const auto found =
      std::find_if(own_.begin(), own_.end(), [&](const Own& block) { return block.name == name; });
  if (found == own_.end()) {
    throw PluginError(fmt::format("it did not declare an own block '{}'", name));
  }
  return static_cast<std::size_t>(found - own_.begin());
}

const Tensor& ReplicaTrainer::own(const std::string& block) const {
  return own_[own_index(block)].parameters;
}

Optimizer& ReplicaTrainer::own_optimizer(const std::string& block) {
  return *own_[own_index(block)].optimizer;
}

void ReplicaTrainer::set_own(const std::string& block, const Tensor& parameters) {
  Own& own = own_[own_index(block)];
  nouns::check_parameters(parameters, own.parameters);
  own.parameters = parameters.detach().to(device()).contiguous().clone().requires_grad_(true);
}

void ReplicaTrainer::update_own(Own& block, const Tensor& losses, const Tensor& gradient) {
  const Tensor dense = gradient.detach().contiguous();
  freeze_diverged(losses.detach().contiguous(), dense);
  // Into a copy: graphs that are still to be gone back through keep the values they were made with.
  const Tensor before = block.parameters.detach();
  Tensor values = before.clone();
  block.optimizer->follow_schedule(optimizer_);
  block.optimizer->step(values, dense, active_);
  if (limits_.lr_multiplier != 1.0) values = before + (values - before) * limits_.lr_multiplier;
  block.parameters = values.requires_grad_(true);
}

void ReplicaTrainer::step_own(const std::string& block, const Tensor& losses) {
  nouns::check_losses(losses, parameters_);
  Own& own = own_[own_index(block)];
  if (!losses.requires_grad()) {
    throw PluginError(
        fmt::format("the loss of its own block '{}' does not depend on the block", block));
  }
  const auto gradients = torch::autograd::grad({losses}, {own.parameters}, {at::ones_like(losses)},
                                               /*retain_graph=*/true);
  update_own(own, losses, gradients[0]);
}

void ReplicaTrainer::step_with_own(const Tensor& losses) {
  nouns::check_losses(losses, parameters_);
  if (!losses.requires_grad()) {
    throw PluginError("the loss does not depend on the parameters: it has no gradient");
  }
  std::vector<Tensor> leaves = {parameters_};
  for (const Own& block : own_) leaves.push_back(block.parameters);
  const auto gradients =
      torch::autograd::grad({losses}, leaves, {at::ones_like(losses)}, /*retain_graph=*/false,
                            /*create_graph=*/false, /*allow_unused=*/true);
  if (!gradients[0].defined()) {
    throw PluginError("the loss does not depend on the parameters of the model");
  }
  for (std::size_t i = 0; i < own_.size(); ++i) {
    if (gradients[i + 1].defined()) update_own(own_[i], losses, gradients[i + 1]);
  }
  step_from_gradients(losses, gradients[0]);
}

TrainingSet& ReplicaTrainer::training_set() const {
  if (training_set_ == nullptr) {
    throw PluginError(
        "it goes over the training set, but did not ask for it (Method::row_request), or the "
        "regime has none");
  }
  return *training_set_;
}

std::int64_t ReplicaTrainer::training_rows() const { return training_set().size(); }

void ReplicaTrainer::over_training_rows(const std::function<void(const Batch&)>& visit) {
  TrainingSet& rows = training_set();
  const at::NoGradGuard no_grad;
  for (std::int64_t part = 0; part < rows.parts(); ++part) visit(rows.part(part).to(device()));
}

void ReplicaTrainer::sample_rows(const Tensor& weights) {
  TrainingSet& rows = training_set();
  const Tensor given = weights.to(at::kCPU, at::kDouble).contiguous();
  if (given.dim() != 2 || (given.size(0) != 1 && given.size(0) != replicas()) ||
      given.size(1) != rows.size()) {
    throw PluginError(fmt::format("sampling weights are {}, expected [K or 1, N] = [{}, {}]",
                                  nouns::text_of(weights), replicas(), rows.size()));
  }
  rows.sample(given);
}

Batch ReplicaTrainer::validation_rows(std::int64_t rows) const {
  return training_set().validation(rows).to(device());
}

Tensor ReplicaTrainer::unlabelled_target(std::int64_t rows) const {
  return training_set().unlabelled_target(rows, step_).to(device());
}

Tensor TrainingSet::unlabelled_target(std::int64_t /*rows*/, std::int64_t /*step*/) {
  throw PluginError(
      "it trains with unlabelled rows of the test domain, but the regime gives none in training");
}

}  // namespace spurion
