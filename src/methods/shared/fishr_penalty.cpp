#include "methods/shared/fishr_penalty.hpp"

#include <ATen/ATen.h>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/domain_features.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {

namespace {

/// The variance over the rows of each domain, [K, E, Q], where rows count as much as they weigh: of
/// [K, E, B, Q] and weights [K or 1, E, B]. 0 for a domain whose rows weigh nothing.
Tensor weighted_variances(const Tensor& rows, const Tensor& weight) {
  const std::int64_t replicas = rows.size(0);
  const Tensor own = weight.to(rows.scalar_type()).expand({replicas, -1, -1}).contiguous();
  const Tensor mean = row_means(own.unsqueeze(3));  // [K, E, 1]
  const Tensor share =
      (own / at::where(mean.gt(0.0), mean, at::ones_like(mean)) / static_cast<double>(rows.size(2)))
          .flatten(0, 1)
          .unsqueeze(1);  // [K * E, 1, B]
  const auto means = [&](const Tensor& values) {
    return engine::batched_matmul(share, engine::Transpose::no, values, engine::Transpose::no);
  };
  const Tensor each = rows.flatten(0, 1);
  const Tensor centred = each - means(each);
  return means(centred * centred).reshape({replicas, rows.size(1), rows.size(3)});
}

}  // namespace

FishrPenalty::FishrPenalty(const Tensor& smoothing) : smoothing_(smoothing.reshape({-1, 1, 1})) {}

Tensor FishrPenalty::operator()(const Output& output, const Batch& batch) {
  Tensor each = last_layer_gradients(output, batch);  // [K, E * B, Q]
  each = each.reshape({each.size(0), batch.domains, batch.rows_per_domain, each.size(2)});
  const Tensor variances = batch.weight.defined() ? weighted_variances(each, batch.weight)
                                                  : row_variances(each, batch.rows_per_domain);
  const Tensor old = average_.defined() ? average_ : at::zeros_like(variances);
  const Tensor now = smoothing_ * old + (1.0 - smoothing_) * variances;
  average_ = now.detach();
  const Tensor corrected = now / (1.0 - smoothing_);
  return mean_squares(corrected - corrected.mean(1, true)).mean(1);
}

}  // namespace spurion::methods
