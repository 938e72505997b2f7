#include "engine/risks/mlp_risks.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "engine/kernels.hpp"
#include "engine/matrix/gemm.hpp"
#include "engine/matrix/matmul_dispatch.hpp"
#include "spurion/error.hpp"

namespace spurion::engine {

namespace {

/// Numbers in the gradients of all domains, at most: beyond these, writing a gradient for each
/// domain costs more than the graph it saves.
constexpr std::int64_t kMostGradients = 16384;

float risk_of(const float* z, const std::int64_t* y, std::int64_t rows, float* slope) {
  binary_derivative({Quantity::loss, 1.0F / static_cast<float>(rows)}, z, y, rows, slope);
  return binary_mean(Quantity::loss, z, y, rows);
}

float risk_of(const float* z, const float* y, std::int64_t rows, float* slope) {
  squared_derivative({Quantity::loss, 1.0F / static_cast<float>(rows)}, z, y, rows, slope);
  return squared_mean(Quantity::loss, z, y, rows);
}

/// One replica at a time. Buffers outlive a call: no allocation in a step.
class Pass {
 public:
  /// The buffers of this thread.
  static Pass& of_thread() {
    thread_local Pass pass;
    return pass;
  }

  void prepare(const MlpShape& shape, std::int64_t domains, std::int64_t rows_per_domain) {
    widths_ = shape.widths;
    domains_ = domains;
    per_domain_ = rows_per_domain;
    rows_ = domains * rows_per_domain;
    parameters_ = shape.parameters();
    activations_.resize(shape.layers());
    std::int64_t widest = 1;
    for (std::size_t layer = 0; layer < shape.layers(); ++layer) {
      widest = std::max(widest, widths_[layer + 1]);
      activations_[layer].resize(static_cast<std::size_t>(rows_ * widths_[layer + 1]));
    }
    slope_.resize(static_cast<std::size_t>(rows_ * widest));
    previous_.resize(static_cast<std::size_t>(rows_ * widest));
  }

  /// `risks` [E], `gradients` [E, P].
  template <class Target>
  void run(const float* parameters, const float* x, const Target* y, float* risks,
           float* gradients) {
    forward(parameters, x);
    const float* z = activations_.back().data();
    for (std::int64_t e = 0; e < domains_; ++e) {
      const std::int64_t first = e * per_domain_;
      risks[e] = risk_of(z + first, y + first, per_domain_, slope_.data() + first);
    }
    backward(parameters, x, gradients);
  }

 private:
  void forward(const float* weights, const float* x) {
    const float* source = x;
    for (std::size_t layer = 0; layer < activations_.size(); ++layer) {
      const std::int64_t in = widths_[layer];
      const std::int64_t out = widths_[layer + 1];
      const float* bias = weights + in * out;
      float* target = activations_[layer].data();
      product({rows_, in, out}, {source}, {weights}, target,
              {bias, layer + 1 < activations_.size(), nullptr});
      weights = bias + out;
      source = target;
    }
  }

  void backward(const float* parameters, const float* x, float* gradients) {
    std::int64_t offset = parameters_;
    for (std::size_t layer = activations_.size(); layer-- > 0;) {
      const std::int64_t in = widths_[layer];
      const std::int64_t out = widths_[layer + 1];
      offset -= (in + 1) * out;
      const float* source = layer == 0 ? x : activations_[layer - 1].data();
      for (std::int64_t e = 0; e < domains_; ++e) {
        const std::int64_t first = e * per_domain_;
        const float* slope = slope_.data() + first * out;
        float* gradient = gradients + e * parameters_ + offset;
        product({in, per_domain_, out}, {source + first * in, true}, {slope}, gradient);
        column_sums(slope, per_domain_, out, gradient + in * out);
      }
      if (layer == 0) return;
      product({rows_, out, in}, {slope_.data()}, {parameters + offset, true}, previous_.data(),
              {nullptr, false, source});
      std::swap(slope_, previous_);
    }
  }

  std::vector<std::int64_t> widths_;
  std::int64_t domains_ = 0;
  std::int64_t per_domain_ = 0;
  std::int64_t rows_ = 0;
  std::int64_t parameters_ = 0;
  std::vector<std::vector<float>> activations_;  // of each layer, the logits last
  std::vector<float> slope_;                     // derivative by a layer's output
  std::vector<float> previous_;
};

template <class Target>
void run_all(const Tensor& parameters, const Tensor& x, const Tensor& y, const DomainRisks& out) {
  const std::int64_t count = parameters.size(1);
  const std::int64_t domains = y.size(1);
  const std::int64_t x_stride = x.size(0) == 1 ? 0 : x.size(1) * x.size(2);
  const std::int64_t y_stride = y.size(0) == 1 ? 0 : domains * y.size(2);
  Pass& pass = Pass::of_thread();
  const float* values = parameters.data_ptr<float>();
  const float* rows = x.data_ptr<float>();
  const Target* targets = y.data_ptr<Target>();
  float* risks = out.risks.data_ptr<float>();
  float* gradients = out.gradients.data_ptr<float>();
  for (std::int64_t k = 0; k < parameters.size(0); ++k) {
    pass.run(values + k * count, rows + k * x_stride, targets + k * y_stride, risks + k * domains,
             gradients + k * domains * count);
  }
}

}  // namespace

bool mlp_risks_apply(const MlpShape& shape, Task task, std::int64_t domains) {
  return task != Task::multiclass && shape.widths.back() == 1 &&
         domains * shape.parameters() <= kMostGradients;
}

DomainRisks mlp_risks(const MlpShape& shape, const Tensor& parameters, const Tensor& x,
                      const Tensor& y, Task task) {
  const std::int64_t replicas = parameters.size(0);
  const std::int64_t domains = y.size(1);
  SPURION_CHECK(parameters.is_contiguous() && parameters.size(1) == shape.parameters(),
                "parameters [K, P] of another shape");
  SPURION_CHECK(x.size(1) == domains * y.size(2) && (x.size(0) == 1 || x.size(0) == replicas) &&
                    (y.size(0) == 1 || y.size(0) == replicas),
                "x [K or 1, E * B, D] and y [K or 1, E, B]");
  const DomainRisks out{at::empty({replicas, domains}),
                        at::empty({replicas, domains, shape.parameters()})};
  Pass::of_thread().prepare(shape, domains, y.size(2));
  if (task == Task::binary) {
    run_all<std::int64_t>(parameters, x.contiguous(), y.contiguous(), out);
  } else {
    run_all<float>(parameters, x.contiguous(), y.contiguous(), out);
  }
  return out;
}

}  // namespace spurion::engine
