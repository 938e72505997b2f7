#include "spurion/model.hpp"

#include "spurion/error.hpp"
#include "spurion/optimizer.hpp"

#include <ATen/ATen.h>

namespace spurion {

std::int64_t Model::parameter_count() const {
  const auto& blocks = layout();
  if (blocks.empty()) return 0;
  return blocks.back().offset + element_count(blocks.back().shape);
}

std::int64_t Model::last_layer_offset() const {
  const auto& blocks = layout();
  if (blocks.empty()) return 0;
  // Blocks of one layer have a name in common, up to the last dot.
  const auto layer = [](const ParameterBlock& block) {
    return block.name.substr(0, block.name.rfind('.'));
  };
  std::size_t first = blocks.size() - 1;
  while (first > 0 && layer(blocks[first - 1]) == layer(blocks.back())) --first;
  return blocks[first].offset;
}

ParameterLayout ParameterLayout::of(const Model& model) {
  return {model.parameter_count(), model.layout(), model.last_layer_offset()};
}

std::vector<LayerActivation> Model::layer_activations(const Tensor& parameters,
                                                      const Tensor& x) const {
  const at::NoGradGuard no_grad;
  const Output output = forward(parameters, x);
  return {{"features", output.features}, {"logits", output.logits}};
}

Output Model::forward_visited(const Tensor& /*parameters*/, const Tensor& /*x*/,
                              const LayerVisit& /*visit*/) const {
  throw UsageError("the model does not show its hidden layers");
}

Tensor Model::stage_logits(const Tensor& /*parameters*/, const Tensor& /*x*/) const { return {}; }

Tensor Model::linear_coefficients(const Tensor& parameters) const {
  const ParameterBlock* weights = linear_weights();
  if (weights == nullptr) return {};
  const std::int64_t inputs = weights->shape.front();
  return parameters.narrow(1, weights->offset, element_count(weights->shape))
      .reshape({parameters.size(0), inputs, -1})
      .select(2, 0);
}

DomainRisks Model::risks(const Tensor& /*parameters*/, const Tensor& /*x*/, const Tensor& /*y*/,
                         Task /*task*/) const {
  throw PluginError("it says that it knows risks, and gives none");
}

Tensor columns_with(const Model& model, BlockRole role) {
  std::vector<std::int64_t> columns;
  for (const ParameterBlock& block : model.layout()) {
    if (block.role != role) continue;
    for (std::int64_t i = 0; i < element_count(block.shape); ++i) {
      columns.push_back(block.offset + i);
    }
  }
  return at::tensor(columns, at::kLong);
}

}  // namespace spurion
