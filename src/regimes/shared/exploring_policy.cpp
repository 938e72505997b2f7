#include "regimes/shared/exploring_policy.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "spurion/error.hpp"

namespace spurion::regimes {

Tensor log_policy(const Tensor& logits, double floor) {
  const Tensor dense = logits.detach().to(at::kCPU, at::kFloat).contiguous();
  const std::int64_t actions = dense.size(-1);
  const double rest = 1.0 - static_cast<double>(actions) * floor;
  SPURION_CHECK(floor >= 0.0 && rest >= -1e-12, "a floor above the probability of every action");
  Tensor out = at::empty_like(dense);
  const float* from = dense.data_ptr<float>();
  float* to = out.data_ptr<float>();
  for (std::int64_t row = 0; row < dense.numel() / actions; ++row, from += actions, to += actions) {
    const auto largest = static_cast<double>(*std::max_element(from, from + actions));
    double total = 0.0;
    for (std::int64_t a = 0; a < actions; ++a) {
      total += std::exp(static_cast<double>(from[a]) - largest);
    }
    for (std::int64_t a = 0; a < actions; ++a) {
      double log_p = static_cast<double>(from[a]) - largest - std::log(total);
      if (floor > 0.0) log_p = std::log(floor + std::max(rest, 0.0) * std::exp(log_p));
      to[a] = static_cast<float>(log_p);
    }
  }
  return out;
}

}  // namespace spurion::regimes
