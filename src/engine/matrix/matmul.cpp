#include "engine/matrix/matmul.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include "engine/matrix/matmul_dispatch.hpp"
#include "spurion/error.hpp"

namespace spurion::engine {

namespace {

Tensor multiply(const Tensor& a_in, bool transpose_a, const Tensor& b_in, bool transpose_b) {
  const Tensor a = a_in.contiguous();
  const Tensor b = b_in.contiguous();
  const std::int64_t replicas = std::max(a.size(0), b.size(0));
  const std::int64_t m = a.size(transpose_a ? 2 : 1);
  const std::int64_t n = a.size(transpose_a ? 1 : 2);
  const std::int64_t p = b.size(transpose_b ? 1 : 2);
  SPURION_CHECK(b.size(transpose_b ? 2 : 1) == n,
                fmt::format("inner sizes {} and {}", n, b.size(transpose_b ? 2 : 1)));
  Tensor c = at::empty({replicas, m, p}, a.options());
  const std::int64_t stride_a = a.size(0) == 1 ? 0 : m * n;
  const std::int64_t stride_b = b.size(0) == 1 ? 0 : n * p;
  const float* a_data = a.data_ptr<float>();
  const float* b_data = b.data_ptr<float>();
  float* c_data = c.data_ptr<float>();
  for (std::int64_t k = 0; k < replicas; ++k) {
    product({m, n, p}, {a_data + k * stride_a, transpose_a}, {b_data + k * stride_b, transpose_b},
            c_data + k * m * p);
  }
  return c;
}

/// Float64 parameters (the reference path of tests) and other devices take LibTorch's own product.
Tensor multiply_any(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b) {
  if (a.scalar_type() == at::kFloat && a.is_cpu()) return multiply(a, transpose_a, b, transpose_b);
  const std::int64_t replicas = std::max(a.size(0), b.size(0));
  const Tensor left = (transpose_a ? a.transpose(1, 2) : a).expand({replicas, -1, -1});
  const Tensor right = (transpose_b ? b.transpose(1, 2) : b).expand({replicas, -1, -1});
  return at::bmm(left, right);
}

/// A shared operand collects the gradients of all replicas.
Tensor reduce_shared(const Tensor& gradient, bool shared) {
  return shared && gradient.size(0) > 1 ? gradient.sum(0, true) : gradient;
}

Tensor differentiable(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b);

class BatchedMatmul : public torch::autograd::Function<BatchedMatmul> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& a,
                        bool transpose_a, const Tensor& b, bool transpose_b) {
    context->save_for_backward({a, b});
    context->saved_data["transpose_a"] = transpose_a;
    context->saved_data["transpose_b"] = transpose_b;
    return multiply_any(a, transpose_a, b, transpose_b);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor& a = saved[0];
    const Tensor& b = saved[1];
    const bool transpose_a = context->saved_data["transpose_a"].toBool();
    const bool transpose_b = context->saved_data["transpose_b"].toBool();
    const Tensor& g = gradients[0];  // [K, M, P]
    Tensor gradient_a;
    Tensor gradient_b;
    if (context->needs_input_grad(0)) {
      // C = op(A) op(B): d op(A) = G op(B)^T.
      gradient_a = transpose_a ? differentiable(b, transpose_b, g, true)
                               : differentiable(g, false, b, !transpose_b);
      gradient_a = reduce_shared(gradient_a, a.size(0) == 1);
    }
    if (context->needs_input_grad(1)) {
      gradient_b = transpose_b ? differentiable(g, true, a, transpose_a)
                               : differentiable(a, !transpose_a, g, false);
      gradient_b = reduce_shared(gradient_b, b.size(0) == 1);
    }
    return {gradient_a, Tensor(), gradient_b, Tensor()};
  }
};

Tensor differentiable(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b) {
  return BatchedMatmul::apply(a, transpose_a, b, transpose_b);
}

}  // namespace

Tensor batched_matmul(const Tensor& a, Transpose transpose_a, const Tensor& b,
                      Transpose transpose_b) {
  SPURION_CHECK(a.dim() == 3 && b.dim() == 3, "batched_matmul takes [K, M, N]");
  return differentiable(a, transpose_a == Transpose::yes, b, transpose_b == Transpose::yes);
}

}  // namespace spurion::engine
