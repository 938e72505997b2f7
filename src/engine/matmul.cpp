#include "engine/matmul.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <dnnl.hpp>
#include <map>

#include "spurion/error.hpp"

namespace spurion::engine {

namespace {

/// A oneDNN matrix product of one shape, ready to run.
struct Product {
  dnnl::matmul primitive;
  dnnl::memory a;
  dnnl::memory b;
  dnnl::memory c;
  dnnl::memory scratchpad;
  std::unordered_map<int, dnnl::memory> arguments;
};

using Key = std::array<std::int64_t, 5>;  // M, N, P, transposed a, transposed b

/// One oneDNN engine, stream and set of primitives for each thread: workers never share state.
class Products {
 public:
  Products() : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {}

  void run(const Key& key, const float* a, const float* b, float* c) {
    auto found = cache_.find(key);
    if (found == cache_.end()) found = cache_.emplace(key, make(key)).first;
    Product& product = found->second;
    // oneDNN takes pointers to non-const; it does not write to sources.
    product.a.set_data_handle(const_cast<float*>(a));
    product.b.set_data_handle(const_cast<float*>(b));
    product.c.set_data_handle(c);
    product.primitive.execute(stream_, product.arguments);
    stream_.wait();
  }

 private:
  Product make(const Key& key) const {
    using dnnl::memory;
    const auto [m, n, p, transposed_a, transposed_b] = key;
    const auto description = [](std::int64_t rows, std::int64_t columns, bool transposed) {
      return memory::desc({rows, columns}, memory::data_type::f32,
                          transposed ? memory::dims{1, rows} : memory::dims{columns, 1});
    };
    const auto a = description(m, n, transposed_a != 0);
    const auto b = description(n, p, transposed_b != 0);
    const auto c = description(m, p, false);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::matmul::primitive_desc primitive(engine_, a, b, c, attributes);
#else
    const dnnl::matmul::primitive_desc primitive(dnnl::matmul::desc(a, b, c), attributes, engine_);
#endif
    Product product{dnnl::matmul(primitive), memory(a, engine_, nullptr),
                    memory(b, engine_, nullptr), memory(c, engine_, nullptr),
                    memory(primitive.scratchpad_desc(), engine_),
                    {}};
    product.arguments = {{DNNL_ARG_SRC, product.a},
                         {DNNL_ARG_WEIGHTS, product.b},
                         {DNNL_ARG_DST, product.c},
                         {DNNL_ARG_SCRATCHPAD, product.scratchpad}};
    return product;
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::map<Key, Product> cache_;
};

Tensor multiply(const Tensor& a_in, bool transpose_a, const Tensor& b_in, bool transpose_b) {
  thread_local Products products;
  const Tensor a = a_in.contiguous();
  const Tensor b = b_in.contiguous();
  const std::int64_t replicas = std::max(a.size(0), b.size(0));
  const std::int64_t m = a.size(transpose_a ? 2 : 1);
  const std::int64_t n = a.size(transpose_a ? 1 : 2);
  const std::int64_t p = b.size(transpose_b ? 1 : 2);
  SPURION_CHECK(b.size(transpose_b ? 2 : 1) == n,
                fmt::format("inner sizes {} and {}", n, b.size(transpose_b ? 2 : 1)));
  Tensor c = at::empty({replicas, m, p}, a.options());
  if (c.numel() == 0) return c;
  if (n == 0) return c.zero_();
  const Key key{m, n, p, transpose_a ? 1 : 0, transpose_b ? 1 : 0};
  const std::int64_t stride_a = a.size(0) == 1 ? 0 : m * n;
  const std::int64_t stride_b = b.size(0) == 1 ? 0 : n * p;
  const float* a_data = a.data_ptr<float>();
  const float* b_data = b.data_ptr<float>();
  float* c_data = c.data_ptr<float>();
  for (std::int64_t k = 0; k < replicas; ++k) {
    products.run(key, a_data + k * stride_a, b_data + k * stride_b, c_data + k * m * p);
  }
  return c;
}

/// Float64 parameters take LibTorch's own product: the reference path of tests.
Tensor multiply_any(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b) {
  if (a.scalar_type() == at::kFloat) return multiply(a, transpose_a, b, transpose_b);
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
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& a, bool transpose_a,
                        const Tensor& b, bool transpose_b) {
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
