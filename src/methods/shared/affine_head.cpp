#include "methods/shared/affine_head.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "engine/matrix/matmul.hpp"
#include "spurion/error.hpp"

namespace spurion::methods {

namespace {

[[noreturn]] void refuse_head(const char* method) {
  throw UsageError(
      fmt::format("{} needs a model whose last layer is affine: the logits are a matrix of "
                  "parameters times the features, plus biases",
                  method));
}

}  // namespace

AffineHead affine_head(const char* method, const Model& model, const Tensor& parameters,
                       const Output& output) {
  const std::int64_t features = output.features.size(2);
  const std::int64_t outputs = output.logits.size(2);
  const std::int64_t first = model.last_layer_offset();
  const std::int64_t rest = parameters.size(1) - first - features * outputs;
  if (rest != 0 && rest != outputs) refuse_head(method);
  AffineHead head;
  const Tensor weights = parameters.narrow(1, first, features * outputs);
  // A module of LibTorch keeps its weights as [C, F], the models of this library as [F, C].
  bool turned = false;
  for (const ParameterBlock& block : model.layout()) {
    if (block.offset == first) turned = block.shape == Shape{outputs, features};
  }
  turned = turned && features != outputs;
  head.weights = turned ? weights.reshape({-1, outputs, features}).transpose(1, 2)
                        : weights.reshape({-1, features, outputs});
  if (rest > 0) head.biases = parameters.narrow(1, first + features * outputs, outputs);
  return head;
}

Tensor head_logits(const AffineHead& head, const Tensor& features) {
  const Tensor products =
      engine::batched_matmul(features, engine::Transpose::no, head.weights, engine::Transpose::no);
  return head.biases.defined() ? products + head.biases.unsqueeze(1) : products;
}

void require_affine_head(const char* method, const Model& model, const MethodContext& context) {
  const at::NoGradGuard no_grad;
  const RandomStream stream(context.key(0).child("affine head"));
  const auto noise = [&stream](const Shape& shape, std::int64_t lane) {
    Tensor out = at::empty(shape);
    for (std::int64_t i = 0; i < out.numel(); ++i) {
      out.data_ptr<float>()[i] = static_cast<float>(0.5 * stream.normal(i, lane));
    }
    return out;
  };
  const Tensor initial = model.initialise({context.key(0)});
  const Tensor parameters = initial + noise(initial.sizes().vec(), 0);
  Shape shape = context.input_shape;
  shape.insert(shape.begin(), {1, 2});
  const Output output = model.forward(parameters, noise(shape, 1));
  const AffineHead head = affine_head(method, model, parameters, output);
  if (!at::allclose(head_logits(head, output.features), output.logits, 1e-3, 1e-3)) {
    refuse_head(method);
  }
}

}  // namespace spurion::methods
