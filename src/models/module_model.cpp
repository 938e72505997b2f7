#include "spurion/module_model.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "models/layers.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Carries what the node needs without making it part of the graph.
struct Call : torch::CustomClassHolder {
  std::shared_ptr<torch::nn::Module> module;
  const ModuleModel::Forward* forward = nullptr;
  std::vector<Tensor> leaves;
  std::vector<Tensor> outputs;
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
    const auto [features, logits] = (*call->forward)(*call->module, x);
    call->leaves = call->module->parameters();
    call->outputs = {features.defined() ? features.flatten(1) : logits, logits};
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    return {call->outputs[0].detach(), call->outputs[1].detach()};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (at::GradMode::is_enabled()) {
      throw UsageError(
          "this method differentiates gradients, which the torch::nn::Module adapter cannot do; "
          "use "
          "the linear or mlp model, or a method of first order");
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
    const auto each = torch::autograd::grad(outputs, call->leaves, seeds, true, false, true);
    std::vector<Tensor> flat;
    flat.reserve(each.size());
    for (std::size_t i = 0; i < each.size(); ++i) {
      flat.push_back(each[i].defined() ? each[i].reshape({-1})
                                       : at::zeros({call->leaves[i].numel()},
                                                   call->leaves[i].options().requires_grad(false)));
    }
    return {at::cat(flat), Tensor(), Tensor()};
  }
};

}  // namespace

ModuleModel::ModuleModel(Make make, Forward forward, double forward_flops)
    : make_(std::move(make)),
      forward_(std::move(forward)),
      forward_flops_(forward_flops),
      module_(make_()) {
  LayoutBuilder builder;
  for (const auto& named : module_->named_parameters()) {
    builder.add(named.key(), named.value().sizes().vec());
  }
  layout_ = builder.take();
  if (layout_.empty()) throw UsageError("a module without parameters cannot be trained");
  activation_bytes_ = 8.0 * static_cast<double>(parameter_count()) / 16.0;
}

ModuleModel::~ModuleModel() = default;

Tensor ModuleModel::initialise(const std::vector<StreamKey>& keys) const {
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
      const Stream stream(keys[k].child(block.name));
      for (std::int64_t j = 0; j < count; ++j) {
        target[j] = constant ? values.data_ptr<float>()[j]
                             : static_cast<float>(bound * (2.0 * stream.uniform(j) - 1.0));
      }
    }
  }
  return parameters;
}

Output ModuleModel::forward(const Tensor& parameters, const Tensor& x) const {
  SPURION_CHECK(parameters.size(0) == 1, "the module adapter runs one replica at a time");
  auto call = c10::make_intrusive<Call>();
  // A module of its own for every call: several forward passes may await their backward at once.
  call->module = make_();
  if (!parameters.is_cpu()) call->module->to(parameters.device());
  call->forward = &forward_;
  const auto outputs = ModuleNode::apply(parameters.select(0, 0), x.select(0, 0), call);
  return {outputs[0].unsqueeze(0), outputs[1].unsqueeze(0)};
}

}  // namespace spurion
