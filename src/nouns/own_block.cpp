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
  const std::vector<std::int64_t> sizes = widths(inputs);
  OwnBlock block;
  block.name = name_;
  block.optimizer = optimizer;
  std::int64_t count = 0;
  for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
    count += (sizes[layer] + 1) * sizes[layer + 1];
    block.activation_bytes += 12.0 * static_cast<double>(sizes[layer + 1]);
  }
  block.initial = at::empty({context.replicas, count});
  float* target = block.initial.data_ptr<float>();
  for (const RandomKey& key : keys_below(context, name_)) {
    for (std::size_t layer = 0; layer + 1 < sizes.size(); ++layer) {
      const RandomStream stream(key.child(static_cast<std::uint64_t>(layer)));
      const double bound = 1.0 / std::sqrt(static_cast<double>(sizes[layer]));
      for (std::int64_t i = 0; i < (sizes[layer] + 1) * sizes[layer + 1]; ++i) {
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
