#include "spurion/module_model.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "models/shared/layers.hpp"
#include "nouns/border_checks.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Carries what the node needs without making it part of the graph.
struct Call : torch::CustomClassHolder {
  std::shared_ptr<torch::nn::Module> module;
  const ModuleModel::Forward* forward = nullptr;
  std::vector<Tensor> leaves;  ///< parameters, and last the rows where their gradient is wanted
  std::vector<Tensor> outputs;
  bool wants_rows = false;
};

/// Runs a module whose parameters are filled from a flat vector, and gives the flat gradient back.
struct ModuleNode : torch::autograd::Function<ModuleNode> {
  static variable_list forward(AutogradContext* context, const Tensor& flat, const Tensor& x,
                               const c10::intrusive_ptr<Call>& call) {
    {
      const at::NoGradGuard no_grad;
      std::int64_t offset = 0;
      for (const Tensor& parameter : call->module->parameters()) {
        const std::int64_t count = parameter.numel();
        Tensor target = parameter;
        target.copy_(flat.narrow(0, offset, count).reshape(parameter.sizes()));
        offset += count;
      }
    }
    const at::AutoGradMode with_grad(true);
    const Tensor rows = x.detach().requires_grad_(call->wants_rows);
    // A copy of its own: a module that works in place reaches no row of another.
    const auto [features, logits] = (*call->forward)(*call->module, rows.clone());
    if (!logits.defined() || logits.dim() != 2 || logits.size(0) != x.size(0)) {
      throw PluginError(fmt::format("its module gives logits of {}, expected [B, C] of B = {}",
                                    nouns::text_of(logits), x.size(0)));
    }
    if (features.defined() && (features.dim() < 2 || features.size(0) != x.size(0))) {
      throw PluginError(fmt::format("its module gives features of {}, expected [B, F] of B = {}",
                                    nouns::text_of(features), x.size(0)));
    }
    call->leaves = call->module->parameters();
    if (call->wants_rows) call->leaves.push_back(rows);
    call->outputs = {features.defined() ? features.flatten(1) : logits, logits};
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    return {call->outputs[0].detach(), call->outputs[1].detach()};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) {
      throw PluginError(
          "gradients through a torch::nn::Module cannot be differentiated; a method that does so "
          "says needs_second_order()");
    }
    auto call = c10::static_intrusive_pointer_cast<Call>(context->saved_data["call"].toCapsule());
    variable_list outputs;
    variable_list seeds;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (gradients[i].defined() && call->outputs[i].requires_grad()) {
        outputs.push_back(call->outputs[i]);
        seeds.push_back(gradients[i]);
      }
    }
    if (outputs.empty()) return {Tensor(), Tensor(), Tensor()};
    variable_list wanted;
    for (const Tensor& leaf : call->leaves) {
      if (leaf.requires_grad()) wanted.push_back(leaf);  // a module may hold some of its own still
    }
    const auto found = torch::autograd::grad(outputs, wanted, seeds, true, false, true);
    std::vector<Tensor> flat;
    Tensor of_rows;
    std::size_t next = 0;
    for (std::size_t i = 0; i < call->leaves.size(); ++i) {
      const Tensor& leaf = call->leaves[i];
      const Tensor gradient = leaf.requires_grad() ? found[next++] : Tensor();
      if (call->wants_rows && i + 1 == call->leaves.size()) {
        of_rows = gradient;
      } else {
        flat.push_back(gradient.defined()
                           ? gradient.reshape({-1})
                           : at::zeros({leaf.numel()}, leaf.options().requires_grad(false)));
      }
    }
    return {at::cat(flat), of_rows, Tensor()};
  }
};

}  // namespace

ModuleModel::ModuleModel(Make make, Forward forward, double forward_flops)
    : make_(std::move(make)),
      forward_(std::move(forward)),
      forward_flops_(forward_flops),
      module_(make_()) {
  models::LayoutBuilder builder;
  for (const auto& named : module_->named_parameters()) {
    builder.add(named.key(), named.value().sizes().vec());
  }
  layout_ = builder.take();
  if (layout_.empty()) throw UsageError("a module without parameters cannot be trained");
  activation_bytes_ = 8.0 * static_cast<double>(parameter_count()) / 16.0;
}

ModuleModel::~ModuleModel() = default;

Tensor ModuleModel::initialise(const std::vector<RandomKey>& keys) const {
  Tensor parameters = at::zeros({static_cast<std::int64_t>(keys.size()), parameter_count()});
  const auto built = module_->parameters();
  for (std::size_t k = 0; k < keys.size(); ++k) {
    for (std::size_t i = 0; i < layout_.size(); ++i) {
      const ParameterBlock& block = layout_[i];
      const std::int64_t count = element_count(block.shape);
      float* target = parameters.data_ptr<float>() +
                      static_cast<std::int64_t>(k) * parameters.size(1) + block.offset;
      const Tensor values = built[i].detach().reshape({-1}).to(at::kFloat).contiguous();
      const bool constant = values.eq(values[0]).all().item<bool>();
      const std::int64_t fan_in = block.shape.size() >= 2 ? count / block.shape[0] : count;
      const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
      const RandomStream stream(keys[k].child(block.name));
      for (std::int64_t j = 0; j < count; ++j) {
        target[j] = constant ? values.data_ptr<float>()[j]
                             : static_cast<float>(bound * (2.0 * stream.uniform(j) - 1.0));
      }
    }
  }
  return parameters;
}

Output ModuleModel::forward(const Tensor& parameters, const Tensor& x) const {
  std::vector<Tensor> features;
  std::vector<Tensor> logits;
  for (std::int64_t k = 0; k < parameters.size(0); ++k) {
    auto call = c10::make_intrusive<Call>();
    // A module of its own for every call: several forward passes may await their backward at once.
    call->module = make_();
    if (parameters.scalar_type() != at::kFloat || !parameters.is_cpu()) {
      call->module->to(parameters.device(), parameters.scalar_type());
    }
    call->forward = &forward_;
    const Tensor rows = x.select(0, x.size(0) == 1 ? 0 : k);
    call->wants_rows = rows.requires_grad();
    const auto outputs = ModuleNode::apply(parameters.select(0, k), rows, call);
    features.push_back(outputs[0]);
    logits.push_back(outputs[1]);
  }
  return {at::stack(features), at::stack(logits)};
}

}  // namespace spurion
