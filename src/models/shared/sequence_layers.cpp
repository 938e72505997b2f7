#include "models/shared/sequence_layers.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "engine/matrix/matmul.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"

namespace spurion::models {

using engine::batched_matmul;
using engine::Transpose;

void require_sequences(const std::string& model, const Shape& input_shape) {
  if (input_shape.size() == 2) return;
  throw UsageError(fmt::format(
      "{} needs sequences [length, vocabulary]; the rows of this environment have shape [{}]",
      model, fmt::join(input_shape, ", ")));
}

Output each_replica_when_unrecorded(
    const Tensor& parameters, const Tensor& x,
    const std::function<Output(const Tensor& parameters, const Tensor& x)>& run) {
  const std::int64_t replicas = parameters.size(0);
  if (replicas == 1 || (at::GradMode::is_enabled() && parameters.requires_grad())) {
    return run(parameters, x);
  }
  std::vector<Tensor> features;
  std::vector<Tensor> logits;
  for (std::int64_t k = 0; k < replicas; ++k) {
    const Output one = run(parameters.narrow(0, k, 1), x.size(0) == 1 ? x : x.narrow(0, k, 1));
    features.push_back(one.features);
    logits.push_back(one.logits);
  }
  return {at::cat(features), at::cat(logits)};
}

Tensor spread(const Tensor& vector, std::int64_t rows) {
  return batched_matmul(at::ones({1, rows, 1}, vector.options()), Transpose::no,
                        vector.unsqueeze(1), Transpose::no);
}

Tensor row_sums(const Tensor& values) {
  return batched_matmul(values, Transpose::no, at::ones({1, values.size(2), 1}, values.options()),
                        Transpose::no);
}

Tensor widen(const Tensor& column, std::int64_t width) {
  return batched_matmul(column, Transpose::no, at::ones({1, 1, width}, column.options()),
                        Transpose::no);
}

Tensor affine(const Tensor& weight, const Tensor& bias, const Tensor& x) {
  return batched_matmul(x, Transpose::no, weight, Transpose::no) + spread(bias, x.size(1));
}

Tensor layer_norm(const Tensor& gain, const Tensor& bias, const Tensor& x) {
  const std::int64_t width = x.size(2);
  const double share = 1.0 / static_cast<double>(width);
  const Tensor centred = x - widen(row_sums(x) * share, width);
  const Tensor deviation = (row_sums(centred * centred) * share + 1e-5).sqrt();
  return centred / widen(deviation, width) * spread(gain, x.size(1)) + spread(bias, x.size(1));
}

Tensor hyperbolic_tangent(const Tensor& x) { return losses::sigmoid(x * 2.0) * 2.0 - 1.0; }

Tensor gelu(const Tensor& x) {
  // x (1 + tanh(u)) / 2 = x / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
  constexpr double kTwiceRoot = 1.5957691216057308;
  return x * losses::sigmoid((x + x * x * x * 0.044715) * kTwiceRoot);
}

}  // namespace spurion::models
