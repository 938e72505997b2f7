#include "methods/shared/pair_sums.hpp"

#include <ATen/ATen.h>

#include "engine/matrix/matmul.hpp"
#include "spurion/losses.hpp"

namespace spurion::methods {

Tensor last_sums(const Tensor& values) {
  const Tensor one = at::ones({1, values.size(2), 1}, values.options());
  return engine::batched_matmul(values, engine::Transpose::no, one, engine::Transpose::no)
      .squeeze(2);
}

Tensor weighted_log_sums(const Tensor& values, const Tensor& weights) {
  const Tensor counts = weights.gt(0.0);
  const Tensor most =
      at::amax(at::where(counts, values.detach(), at::full_like(values, -1e30)), {2}, true);
  const Tensor zero = at::zeros_like(values);
  const Tensor powers = losses::exp(at::where(counts, values - most, zero)) * weights;
  const Tensor sums = last_sums(powers);
  const Tensor any = sums.gt(0.0);
  return at::where(any, most.squeeze(2) + losses::log(at::where(any, sums, at::ones_like(sums))),
                   at::zeros_like(sums));
}

}  // namespace spurion::methods
