#include "nouns/weighted_mean.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "spurion/error.hpp"

namespace spurion::nouns {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct WeightedMean : torch::autograd::Function<WeightedMean> {
  static Tensor forward(AutogradContext* context, const Tensor& losses, const Tensor& weights) {
    context->save_for_backward({weights});
    const Tensor values = losses.contiguous();
    const std::int64_t rows = values.size(1);
    Tensor out = at::empty({values.size(0)}, values.options());
    for (std::int64_t k = 0; k < values.size(0); ++k) {
      const float* value = values.data_ptr<float>() + k * rows;
      const float* weight = weights.data_ptr<float>() + (weights.size(0) == 1 ? 0 : k * rows);
      double sum = 0.0;
      for (std::int64_t i = 0; i < rows; ++i) {
        sum += static_cast<double>(weight[i]) * static_cast<double>(value[i]);
      }
      out.data_ptr<float>()[k] = static_cast<float>(sum / static_cast<double>(rows));
    }
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& g) {
    const Tensor weights = context->get_saved_variables()[0];
    const Tensor scaled = g[0].unsqueeze(1) / static_cast<double>(weights.size(1));
    return {scaled * weights, Tensor()};
  }
};

}  // namespace

Tensor weighted_mean(const Tensor& losses, const Tensor& weights) {
  SPURION_CHECK(losses.dim() == 2 && weights.dim() == 2 && weights.size(1) == losses.size(1) &&
                    (weights.size(0) == 1 || weights.size(0) == losses.size(0)),
                "losses [K, B] and weights [K or 1, B]");
  if (!losses.is_cpu()) {
    return ((losses.to(at::kDouble) * weights.to(at::kDouble)).sum(1) /
            static_cast<double>(weights.size(1)))
        .to(losses.scalar_type());
  }
  return WeightedMean::apply(losses, weights.contiguous());
}

}  // namespace spurion::nouns
