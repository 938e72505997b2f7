#include "methods/shared/group_weights.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include "spurion/error.hpp"
#include "spurion/losses.hpp"

namespace spurion::methods {

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

Tensor ascended(const Tensor& weights, const Tensor& step_size, const Tensor& risks) {
  const Tensor values = risks.detach();
  const Tensor before = weights.defined()
                            ? weights
                            : at::full_like(values, 1.0 / static_cast<double>(values.size(1)));
  const Tensor raised = before * losses::exp(step_size.unsqueeze(1) * values);
  return raised / raised.sum(1, true);
}

Tensor count_groups(const Tensor& group, std::int64_t groups) {
  const Tensor rows = group.contiguous();
  if (!rows.is_cpu()) {
    // A label out of range is the device's to find.
    return at::zeros({rows.size(0), groups}, rows.options())
        .scatter_add_(1, rows, at::ones_like(rows));
  }
  Tensor counts = at::zeros({rows.size(0), groups}, at::kLong);
  for (std::int64_t k = 0; k < rows.size(0); ++k) {
    const std::int64_t* row = rows.data_ptr<std::int64_t>() + k * rows.size(1);
    for (std::int64_t i = 0; i < rows.size(1); ++i) {
      SPURION_CHECK(row[i] >= 0 && row[i] < groups, "group label out of range");
      ++counts.data_ptr<std::int64_t>()[k * groups + row[i]];
    }
  }
  return counts;
}

Tensor groups_of(const Batch& batch) {
  SPURION_CHECK(batch.group.defined(), "a batch without group labels");
  return batch.group.flatten(1).contiguous();
}

void require_groups(const char* method, const MethodContext& context) {
  if (context.groups > 0) return;
  throw UsageError(fmt::format("{} needs an environment with groups", method));
}

}  // namespace spurion::methods
