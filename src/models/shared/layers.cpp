#include "models/shared/layers.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "engine/matrix/matmul.hpp"
#include "models/shared/width_options.hpp"
#include "spurion/error.hpp"

namespace spurion::models {

std::int64_t LayoutBuilder::add(std::string name, Shape shape, BlockRole role,
                                const WidthScale& width) {
  const std::int64_t offset = next_;
  next_ += element_count(shape);
  blocks_.push_back({std::move(name), std::move(shape), offset, role, width});
  return offset;
}

void initialise_linear(Tensor& parameters, const ParameterBlock& weight, const ParameterBlock& bias,
                       Initialisation how, const std::vector<RandomKey>& keys) {
  const BaseFans fans(weight.shape[0], weight.shape[1], weight.width);
  double bound = 0.0;
  switch (how) {
    case Initialisation::xavier_uniform:
      bound = std::sqrt(6.0 / (fans.in + fans.out));
      break;
    case Initialisation::kaiming_uniform:
      bound = std::sqrt(6.0 / fans.in);
      break;
    case Initialisation::torch_linear:
      bound = 1.0 / std::sqrt(fans.in);
      break;
  }
  initialise_uniform(parameters, weight, bound * initial_factor(weight.width), keys);
  if (how == Initialisation::torch_linear) initialise_uniform(parameters, bias, bound, keys);
}

void initialise_uniform(Tensor& parameters, const ParameterBlock& block, double bound,
                        const std::vector<RandomKey>& keys) {
  const std::int64_t width = parameters.size(1);
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const RandomStream stream(keys[k].child(block.name));
    float* target =
        parameters.data_ptr<float>() + static_cast<std::int64_t>(k) * width + block.offset;
    for (std::int64_t i = 0; i < element_count(block.shape); ++i) {
      target[i] = static_cast<float>(bound * (2.0 * stream.uniform(i) - 1.0));
    }
  }
}

void require_images(const std::string& what, const Shape& input_shape) {
  if (input_shape.size() == 3) return;
  throw UsageError(
      what +
      " needs images [channels, height, width]; the rows of this environment have another shape");
}

Tensor sum_colours(const Tensor& x, std::int64_t colours) {
  return x.reshape({x.size(0), x.size(1), colours, -1}).sum(2);
}

std::vector<Tensor> split_parameters(const Tensor& parameters,
                                     const std::vector<ParameterBlock>& layout) {
  std::vector<std::int64_t> sizes;
  for (const ParameterBlock& block : layout) sizes.push_back(element_count(block.shape));
  std::vector<Tensor> parts = parameters.split_with_sizes(sizes, 1);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Shape shape = layout[i].shape;
    shape.insert(shape.begin(), parameters.size(0));
    parts[i] = parts[i].reshape(shape);
  }
  return parts;
}

void record(std::vector<LayerActivation>* trace, std::string layer, const Tensor& values) {
  if (trace != nullptr) trace->push_back({std::move(layer), values});
}

Tensor visited(const LayerVisit* visit, const std::string& layer, const Tensor& values) {
  if (visit == nullptr) return values;
  Tensor out = (*visit)(layer, values);
  if (out.sizes() != values.sizes()) {
    throw PluginError("what was made of layer '" + layer + "' has another shape than the layer");
  }
  return out;
}

Tensor linear_layer(const Tensor& weight, const Tensor& bias, const Tensor& x) {
  return engine::batched_matmul(x, engine::Transpose::no, weight, engine::Transpose::no) +
         bias.unsqueeze(1);
}

}  // namespace spurion::models
