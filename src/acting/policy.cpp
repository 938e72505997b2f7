#include "acting/policy.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "spurion/error.hpp"

namespace spurion::acting {

Tensor greedy_actions(const Tensor& logits) {
  // The first of equal logits: argmax leaves open which one it gives.
  const Tensor dense = logits.detach().to(at::kCPU, at::kFloat).contiguous();
  const std::int64_t actions = dense.size(-1);
  Tensor best = at::empty({dense.size(0), dense.size(1)}, at::kLong);
  const float* row = dense.data_ptr<float>();
  for (std::int64_t i = 0; i < best.numel(); ++i, row += actions) {
    std::int64_t chosen = 0;
    for (std::int64_t a = 1; a < actions; ++a) {
      if (row[a] > row[chosen]) chosen = a;
    }
    best.data_ptr<std::int64_t>()[i] = chosen;
  }
  return best;
}

Tensor sampled_actions(const Tensor& logits, const std::vector<RandomKey>& keys,
                       const Rollout& rollout) {
  const Tensor dense = logits.detach().to(at::kCPU, at::kFloat).contiguous();
  const std::int64_t replicas = dense.size(0);
  const std::int64_t lanes = dense.size(1);
  const std::int64_t actions = dense.size(2);
  SPURION_CHECK(static_cast<std::int64_t>(keys.size()) == replicas, "a key for each replica");
  const Tensor numbers = rollout.numbers();
  const Tensor steps = rollout.steps();
  Tensor drawn = at::empty({replicas, lanes}, at::kLong);
  std::vector<double> weights(static_cast<std::size_t>(actions));
  for (std::int64_t k = 0; k < replicas; ++k) {
    const RandomStream stream(keys[static_cast<std::size_t>(k)]);
    for (std::int64_t b = 0; b < lanes; ++b) {
      const std::int64_t at = k * lanes + b;
      const float* row = dense.data_ptr<float>() + at * actions;
      float largest = row[0];
      for (std::int64_t a = 1; a < actions; ++a) largest = std::max(largest, row[a]);
      double total = 0.0;
      for (std::int64_t a = 0; a < actions; ++a) {
        total += std::exp(static_cast<double>(row[a]) - static_cast<double>(largest));
        weights[static_cast<std::size_t>(a)] = total;
      }
      const double wanted = total * stream.uniform(numbers.data_ptr<std::int64_t>()[at],
                                                   steps.data_ptr<std::int64_t>()[at]);
      std::int64_t chosen = 0;
      while (chosen + 1 < actions && weights[static_cast<std::size_t>(chosen)] <= wanted) ++chosen;
      drawn.data_ptr<std::int64_t>()[at] = chosen;
    }
  }
  return drawn;
}

}  // namespace spurion::acting
