#include "spurion/own_block.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "engine/matrix/matmul.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"

namespace spurion {

namespace {

std::vector<RandomKey> keys_below(const MethodContext& context, const std::string& name) {
  std::vector<RandomKey> keys;
  for (std::int64_t k = 0; k < context.replicas; ++k) {
    keys.push_back(context.key(k).child("own").child(name));
  }
  return keys;
}

}  // namespace

OwnBlock second_model(std::string name, const Model& model, const MethodContext& context) {
  if (columns_with(model, BlockRole::statistic).numel() > 0) {
    throw UsageError(
        "the method trains a second copy of the model, and running statistics of batch "
        "normalisation are kept for one only: use another 'normalisation'");
  }
  OwnBlock block;
  block.initial = model.initialise(keys_below(context, name));
  block.activation_bytes = model.activation_bytes();
  block.layout = ParameterLayout::of(model);
  block.name = std::move(name);
  return block;
}

std::int64_t feature_count(const Model& model, const MethodContext& context) {
  const at::NoGradGuard no_grad;
  Shape shape = context.input_shape;
  shape.insert(shape.begin(), {1, 1});
  const Output output = model.forward(model.initialise({context.key(0)}), at::zeros(shape));
  SPURION_CHECK(output.features.defined() && output.features.dim() == 3,
                "a model without features [K, B, F]");
  return output.features.size(2);
}

double feature_multiplier(const Model& model) {
  const std::int64_t last = model.last_layer_offset();
  for (const ParameterBlock& block : model.layout()) {
    if (block.offset >= last && block.width.role == WidthRole::output)
      return block.width.multiplier;
  }
  return 1.0;
}

PerceptronInputs PerceptronInputs::of(const Model& model, const MethodContext& context,
                                      std::int64_t others) {
  return {feature_count(model, context), others, feature_multiplier(model)};
}

OwnPerceptron::OwnPerceptron(std::string name, PerceptronShape shape)
    : name_(std::move(name)), shape_(shape) {
  SPURION_CHECK(shape.outputs >= 1 && shape.depth >= 0 && shape.width >= 1,
                "a perceptron without units");
}

std::vector<std::int64_t> OwnPerceptron::widths(std::int64_t inputs) const {
  std::vector<std::int64_t> widths = {inputs};
  for (std::int64_t layer = 0; layer < shape_.depth; ++layer) widths.push_back(shape_.width);
  widths.push_back(shape_.outputs);
  return widths;
}

OwnBlock OwnPerceptron::block(std::int64_t inputs, const MethodContext& context,
                              const std::optional<OptimizerOptions>& optimizer) const {
  return block(PerceptronInputs{inputs}, context, optimizer);
}

namespace {

/// How the weights and the biases of one layer grow with the width of the model, and the bound of
/// their first values.
struct LayerWidth {
  WidthRole weight = WidthRole::fixed;
  WidthRole bias = WidthRole::fixed;
  double weight_bound = 1.0;
  double bias_bound = 1.0;
};

/// Of a layer that reads `in` numbers. `wide`: whether what it gives grows too. A layer without
/// `inputs` reads what the one before gives.
LayerWidth layer_width(std::int64_t in, bool wide, double multiplier,
                       const PerceptronInputs* inputs) {
  LayerWidth layer;
  const auto size = static_cast<double>(in);
  layer.weight_bound = layer.bias_bound = 1.0 / std::sqrt(size);
  if (multiplier == 1.0) return layer;
  const bool reads = wide || inputs != nullptr;
  if (!reads) return layer;
  const double at_base = inputs != nullptr ? static_cast<double>(inputs->features) / multiplier +
                                                 static_cast<double>(inputs->others)
                                           : size / multiplier;
  layer.bias_bound = 1.0 / std::sqrt(at_base);
  layer.weight_bound = layer.bias_bound / (wide ? std::sqrt(multiplier) : multiplier);
  layer.weight = wide ? WidthRole::hidden : WidthRole::output;
  layer.bias = wide ? WidthRole::input : WidthRole::fixed;
  return layer;
}

}  // namespace

OwnBlock OwnPerceptron::block(const PerceptronInputs& inputs, const MethodContext& context,
                              const std::optional<OptimizerOptions>& optimizer) const {
  const std::vector<std::int64_t> sizes = widths(inputs.features + inputs.others);
  OwnBlock block;
  block.name = name_;
  block.optimizer = optimizer;
  std::int64_t count = 0;
  std::vector<LayerWidth> layers;
  for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
    layers.push_back(layer_width(sizes[layer], shape_.as_wide_as_features, inputs.multiplier,
                                 layer == 0 ? &inputs : nullptr));
    const auto add = [&](Shape shape, WidthRole role) {
      block.layout.blocks.push_back(
          {{}, std::move(shape), count, BlockRole::weights, {role, inputs.multiplier}});
      count += element_count(block.layout.blocks.back().shape);
      block.layout.count = count;
    };
    add({sizes[layer], sizes[layer + 1]}, layers.back().weight);
    add({sizes[layer + 1]}, layers.back().bias);
    block.activation_bytes += 12.0 * static_cast<double>(sizes[layer + 1]);
  }
  if (inputs.multiplier == 1.0) block.layout = {};
  block.initial = at::empty({context.replicas, count});
  float* target = block.initial.data_ptr<float>();
  for (const RandomKey& key : keys_below(context, name_)) {
    for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
      const RandomStream stream(key.child(static_cast<std::uint64_t>(layer)));
      const std::int64_t weights = sizes[layer] * sizes[layer + 1];
      for (std::int64_t i = 0; i < weights + sizes[layer + 1]; ++i) {
        const double bound = i < weights ? layers[layer].weight_bound : layers[layer].bias_bound;
        *target++ = static_cast<float>(bound * (2.0 * stream.uniform(i) - 1.0));
      }
    }
  }
  return block;
}

Tensor OwnPerceptron::operator()(const ReplicaTrainer& trainer, const Tensor& rows) const {
  const Tensor& parameters = trainer.own(name_);
  const std::vector<std::int64_t> sizes = widths(rows.size(2));
  Tensor hidden = rows;
  double products = 0.0;
  std::int64_t offset = 0;
  for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
    const std::int64_t in = sizes[layer];
    const std::int64_t out = sizes[layer + 1];
    if (offset + (in + 1) * out > parameters.size(1)) break;
    const Tensor weight =
        parameters.narrow(1, offset, in * out).reshape({parameters.size(0), in, out});
    const Tensor bias = parameters.narrow(1, offset + in * out, out);
    hidden = engine::batched_matmul(hidden, engine::Transpose::no, weight, engine::Transpose::no) +
             bias.unsqueeze(1);
    if (layer + 2 < sizes.size()) hidden = hidden.relu();
    offset += (in + 1) * out;
    products += 2.0 * static_cast<double>(in * out);
  }
  if (offset != parameters.size(1)) {
    throw PluginError(fmt::format("its own block '{}' was made for rows of another size than {}",
                                  name_, rows.size(2)));
  }
  const double passes = at::GradMode::is_enabled() ? 3.0 : 1.0;
  trainer.count_flops(passes * products * static_cast<double>(parameters.size(0) * rows.size(1)));
  return hidden;
}

Tensor reversed(const Tensor& values, const Tensor& scale) {
  // values - values is 0 to the bit, so the sum has the values and only the gradient of the rest.
  const Tensor kept = values.detach();
  return kept + scale * (kept - values);
}

Tensor reversed(const Tensor& values, double scale) {
  const Tensor kept = values.detach();
  return kept + scale * (kept - values);
}

}  // namespace spurion
