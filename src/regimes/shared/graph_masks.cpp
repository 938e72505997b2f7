#include "regimes/shared/graph_masks.hpp"

#include <ATen/ATen.h>

#include <vector>

#include "spurion/error.hpp"

namespace spurion::regimes {

GraphMasks::GraphMasks(const InteractiveEnvironment& world) : shape_(world.info().input_shape) {
  const auto& groups = world.acting().graph_inputs;
  std::int64_t inputs = 1;
  for (const std::int64_t size : shape_) inputs *= size;
  SPURION_CHECK(!groups.empty() && inputs % 2 == 0,
                "a policy that is conditioned on a graph sees each input and whether it is shown");
  const std::int64_t half = inputs / 2;
  table_ = at::zeros({static_cast<std::int64_t>(groups.size()), inputs});
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const Tensor row = table_[static_cast<std::int64_t>(g)];
    for (const std::int64_t input : groups[g]) {
      SPURION_CHECK(input >= 0 && input < half, "an input of a graph is one of the first half");
      row[input].fill_(1.0);
      row[half + input].fill_(1.0);
    }
  }
  others_ = table_.sum(0).eq(0.0).to(at::kFloat);
}

Tensor GraphMasks::factors(const Tensor& shown) const {
  // Sums of zeros and ones: exact in any order.
  const Tensor sums = at::matmul(shown.to(at::kFloat), table_) + others_;
  Shape shape = shown.sizes().vec();
  shape.pop_back();
  shape.insert(shape.end(), shape_.begin(), shape_.end());
  return sums.gt(0.0).to(at::kFloat).reshape(shape);
}

Tensor ridge_weights(const Tensor& masks, const Tensor& values, double alpha) {
  const Tensor x = masks.to(at::kDouble) - masks.to(at::kDouble).mean(0, true);
  const Tensor y = values.to(at::kDouble) - values.to(at::kDouble).mean();
  const auto n = static_cast<std::size_t>(x.size(1));
  // Few variables: elimination by hand, so that the bits depend on nothing else.
  std::vector<std::vector<double>> rows(n, std::vector<double>(n + 1));
  for (std::size_t i = 0; i < n; ++i) {
    const Tensor column = x.select(1, static_cast<std::int64_t>(i));
    for (std::size_t j = 0; j < n; ++j) {
      rows[i][j] = (column * x.select(1, static_cast<std::int64_t>(j))).sum().item<double>() +
                   (i == j ? alpha : 0.0);
    }
    rows[i][n] = (column * y).sum().item<double>();
  }
  // Positive definite, so no pivot is 0.
  for (std::size_t p = 0; p < n; ++p) {
    for (std::size_t i = 0; i < n; ++i) {
      if (i == p) continue;
      const double factor = rows[i][p] / rows[p][p];
      for (std::size_t j = p; j <= n; ++j) rows[i][j] -= factor * rows[p][j];
    }
  }
  Tensor weights = at::empty({x.size(1)}, at::kDouble);
  for (std::size_t i = 0; i < n; ++i) weights.data_ptr<double>()[i] = rows[i][n] / rows[i][i];
  return weights;
}

}  // namespace spurion::regimes
