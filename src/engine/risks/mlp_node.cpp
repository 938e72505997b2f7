#include "engine/risks/mlp_node.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "engine/matrix/gemm.hpp"
#include "engine/matrix/matmul_dispatch.hpp"
#include "spurion/error.hpp"

namespace spurion::engine {

std::int64_t MlpShape::parameters() const {
  std::int64_t count = 0;
  for (std::size_t layer = 0; layer < layers(); ++layer) {
    count += (widths[layer] + 1) * widths[layer + 1];
  }
  return count;
}

namespace {

/// A pass over more rows than this goes through all layers with `kPiece` rows at a time, so that
/// what one layer makes is in the second-level cache when the next reads it.
constexpr std::int64_t kMostAtOnce = 480;
constexpr std::int64_t kPiece = 240;

/// Rows [first, last) piece after piece.
template <class Each>
void in_pieces(std::int64_t rows, Each each) {
  const std::int64_t piece = rows > kMostAtOnce ? kPiece : std::max<std::int64_t>(rows, 1);
  for (std::int64_t first = 0; first < rows; first += piece) {
    each(first, std::min(piece, rows - first));
  }
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Activations of the hidden layers, [K, B, width] each, and the logits [K, B, C]. Unless `keep`,
/// of the layers before the last hidden one only the last replica's, [1, B, width].
std::vector<Tensor> run_forward(const MlpShape& shape, const Tensor& parameters, const Tensor& x,
                                bool keep) {
  const std::int64_t replicas = parameters.size(0);
  const std::int64_t rows = x.size(1);
  const std::size_t layers = shape.layers();
  std::vector<Tensor> outputs;
  std::vector<float*> targets;
  std::vector<std::int64_t> strides;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const bool each = keep || layer + 2 >= layers;
    outputs.push_back(at::empty({each ? replicas : 1, rows, shape.widths[layer + 1]}));
    targets.push_back(outputs.back().data_ptr<float>());
    strides.push_back(each ? rows * shape.widths[layer + 1] : 0);
  }
  const float* inputs = x.data_ptr<float>();
  const std::int64_t input_stride = x.size(0) == 1 ? 0 : rows * shape.widths[0];
  for (std::int64_t k = 0; k < replicas; ++k) {
    in_pieces(rows, [&](std::int64_t first, std::int64_t count) {
      const float* weights = parameters.data_ptr<float>() + k * parameters.size(1);
      const float* source = inputs + k * input_stride + first * shape.widths[0];
      for (std::size_t layer = 0; layer < layers; ++layer) {
        const std::int64_t in = shape.widths[layer];
        const std::int64_t out = shape.widths[layer + 1];
        float* target = targets[layer] + k * strides[layer] + first * out;
        const float* bias = weights + in * out;
        product({count, in, out}, {source}, {weights}, target, {bias, layer + 1 < layers, nullptr});
        weights = bias + out;
        source = target;
      }
    });
  }
  return outputs;
}

/// Buffers of one thread that outlive a call: no allocation in a step.
struct Scratch {
  std::vector<float> delta;
  std::vector<float> previous;
  std::vector<float> turned;  ///< the weights of one replica, each layer's transposed
};

/// Where each layer's weights begin among the parameters of a replica; its biases follow them.
std::vector<std::int64_t> offsets_of(const MlpShape& shape) {
  std::vector<std::int64_t> offsets = {0};
  for (std::size_t layer = 0; layer < shape.layers(); ++layer) {
    offsets.push_back(offsets.back() + (shape.widths[layer] + 1) * shape.widths[layer + 1]);
  }
  return offsets;
}

/// Gradients of what a model gave; of features where some method uses them, else undefined.
struct MlpOutputGradients {
  Tensor logits;
  Tensor features;
};

/// Gradient [K, P] of the parameters.
Tensor run_backward(const MlpShape& shape, const Tensor& parameters, const Tensor& x,
                    const std::vector<Tensor>& hidden, const MlpOutputGradients& of) {
  thread_local Scratch scratch;
  const std::int64_t replicas = parameters.size(0);
  const std::int64_t rows = x.size(1);
  const std::size_t layers = shape.layers();
  const std::vector<std::int64_t> offsets = offsets_of(shape);
  Tensor gradient = at::empty_like(parameters);
  const std::int64_t widest = *std::max_element(shape.widths.begin() + 1, shape.widths.end());
  const std::int64_t most = rows > kMostAtOnce ? kPiece : rows;
  scratch.delta.resize(static_cast<std::size_t>(most * widest));
  scratch.previous.resize(static_cast<std::size_t>(most * widest));
  scratch.turned.resize(static_cast<std::size_t>(parameters.size(1)));
  const std::int64_t input_stride = x.size(0) == 1 ? 0 : rows * shape.widths[0];
  for (std::int64_t k = 0; k < replicas; ++k) {
    const float* weights = parameters.data_ptr<float>() + k * parameters.size(1);
    float* weight_gradient = gradient.data_ptr<float>() + k * parameters.size(1);
    for (std::size_t layer = 1; layer < layers; ++layer) {
      transpose(weights + offsets[layer], shape.widths[layer], shape.widths[layer + 1],
                scratch.turned.data() + offsets[layer]);
    }
    in_pieces(rows, [&](std::int64_t first, std::int64_t count) {
      const float* delta = of.logits.data_ptr<float>() + (k * rows + first) * shape.widths[layers];
      for (std::size_t layer = layers; layer-- > 0;) {
        const std::int64_t in = shape.widths[layer];
        const std::int64_t out = shape.widths[layer + 1];
        float* own_gradient = weight_gradient + offsets[layer];
        const float* source = layer == 0
                                  ? x.data_ptr<float>() + k * input_stride + first * in
                                  : hidden[layer - 1].data_ptr<float>() + (k * rows + first) * in;
        product({in, count, out}, {source, true}, {delta}, own_gradient,
                {nullptr, false, nullptr, first > 0});
        column_sums(delta, count, out, own_gradient + in * out, first > 0);
        if (layer == 0) break;
        float* previous = scratch.previous.data();
        const float* turned = scratch.turned.data() + offsets[layer];
        const Epilogue relu_derivative{nullptr, false, source};
        if (layer == layers - 1 && of.features.defined()) {
          product({count, out, in}, {delta}, {turned}, previous);
          const float* extra = of.features.data_ptr<float>() + (k * rows + first) * in;
          for (std::int64_t i = 0; i < count * in; ++i) previous[i] += extra[i];
          apply(relu_derivative, count, in, previous);
        } else {
          product({count, out, in}, {delta}, {turned}, previous, relu_derivative);
        }
        std::swap(scratch.previous, scratch.delta);
        delta = scratch.delta.data();
      }
    });
    if (rows == 0) {
      std::fill_n(weight_gradient, parameters.size(1), 0.0F);
    }
  }
  return gradient;
}

struct MlpNode : torch::autograd::Function<MlpNode> {
  static variable_list forward(AutogradContext* context, const Tensor& parameters, const Tensor& x,
                               const std::vector<std::int64_t>& widths) {
    const MlpShape shape{widths};
    std::vector<Tensor> outputs = run_forward(shape, parameters, x, true);
    variable_list saved = {parameters, x};
    saved.insert(saved.end(), outputs.begin(), outputs.end() - 1);
    context->save_for_backward(saved);
    context->saved_data["widths"] = widths;
    // A model without hidden layers has its inputs as features; the caller supplies those.
    Tensor features = shape.layers() > 1 ? outputs[shape.layers() - 2] : Tensor(at::empty({0}));
    if (shape.layers() == 1) context->mark_non_differentiable({features});
    return {outputs.back(), features};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    SPURION_CHECK(!at::GradMode::is_enabled(),
                  "the fast path has first derivatives only; the method must declare "
                  "needs_second_order()");
    const auto saved = context->get_saved_variables();
    const MlpShape shape{context->saved_data["widths"].toIntVector()};
    const std::vector<Tensor> hidden(saved.begin() + 2, saved.end());
    const std::int64_t rows = saved[1].size(1);
    const Tensor logits_gradient = gradients[0].defined()
                                       ? gradients[0].contiguous()
                                       : at::zeros({saved[0].size(0), rows, shape.widths.back()});
    const bool features = shape.layers() > 1 && gradients[1].defined();
    return {run_backward(shape, saved[0], saved[1], hidden,
                         {logits_gradient, features ? gradients[1].contiguous() : Tensor()}),
            Tensor(), Tensor()};
  }
};

}  // namespace

Output mlp_forward(const MlpShape& shape, const Tensor& parameters, const Tensor& x) {
  SPURION_CHECK(parameters.is_contiguous() && parameters.size(1) == shape.parameters(),
                "parameters [K, P] of another shape");
  const Tensor rows = x.reshape({x.size(0), x.size(1), shape.widths.front()}).contiguous();
  const auto of_inputs = [&] { return rows.expand({parameters.size(0), -1, -1}); };
  if (!at::GradMode::is_enabled() || !parameters.requires_grad()) {
    const std::vector<Tensor> outputs = run_forward(shape, parameters, rows, false);
    return {shape.layers() > 1 ? outputs[shape.layers() - 2] : of_inputs(), outputs.back()};
  }
  const auto outputs = MlpNode::apply(parameters, rows, shape.widths);
  return {shape.layers() > 1 ? outputs[1] : of_inputs(), outputs[0]};
}

}  // namespace spurion::engine
