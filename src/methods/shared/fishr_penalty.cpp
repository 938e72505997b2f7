#include "methods/shared/fishr_penalty.hpp"

#include <ATen/ATen.h>

#include "methods/shared/domain_features.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {

FishrPenalty::FishrPenalty(const Tensor& smoothing) : smoothing_(smoothing.reshape({-1, 1, 1})) {}

Tensor FishrPenalty::operator()(const Output& output, const Batch& batch) {
  Tensor each = last_layer_gradients(output, batch);  // [K, E * B, Q]
  each = each.reshape({each.size(0), batch.domains, batch.rows_per_domain, each.size(2)});
  const Tensor variances = row_variances(each, batch.rows_per_domain);
  const Tensor old = average_.defined() ? average_ : at::zeros_like(variances);
  const Tensor now = smoothing_ * old + (1.0 - smoothing_) * variances;
  average_ = now.detach();
  const Tensor corrected = now / (1.0 - smoothing_);
  return mean_squares(corrected - corrected.mean(1, true)).mean(1);
}

}  // namespace spurion::methods
