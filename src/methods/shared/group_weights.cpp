#include "methods/shared/group_weights.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "spurion/error.hpp"
#include "spurion/losses.hpp"

namespace spurion::methods {

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
