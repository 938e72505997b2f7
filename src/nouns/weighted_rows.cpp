#include "nouns/weighted_rows.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "spurion/error.hpp"

namespace spurion::nouns {

WeightedRows::WeightedRows(const Tensor& weights) : weights_(weights.contiguous()) { sum_up(); }

void WeightedRows::sum_up() {
  sums_.clear();
  const double* weight = weights_.data_ptr<double>();
  for (std::int64_t set = 0; set < weights_.size(0); ++set) {
    std::vector<double>& sums = sums_.emplace_back();
    double sum = 0.0;
    for (std::int64_t i = 0; i < weights_.size(1); ++i, ++weight) {
      if (!std::isfinite(*weight) || *weight < 0.0) {
        throw PluginError("a sampling weight is negative or not finite");
      }
      sum += *weight;
      sums.push_back(sum);
    }
    if (!(sum > 0.0) || !std::isfinite(sum)) {
      throw PluginError(
          "the sampling weights of a replica, or of one of its domains, have no positive sum");
    }
  }
}

std::int64_t WeightedRows::draw(std::int64_t set, const RandomStream& stream, std::int64_t step,
                                std::int64_t lane) const {
  const std::vector<double>& sums = sums_.at(static_cast<std::size_t>(set));
  const double at = stream.uniform(step, lane) * sums.back();
  const auto found = std::upper_bound(sums.begin(), sums.end(), at);
  if (found != sums.end()) return static_cast<std::int64_t>(found - sums.begin());
  // Rounding reached the sum itself: the last row that has a weight.
  return static_cast<std::int64_t>(std::lower_bound(sums.begin(), sums.end(), sums.back()) -
                                   sums.begin());
}

Tensor WeightedRows::normalised() const {
  Tensor out = at::empty(weights_.sizes());
  const std::int64_t rows = weights_.size(1);
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    const double sum = sums_[static_cast<std::size_t>(i / rows)].back();
    out.data_ptr<float>()[i] =
        static_cast<float>(weights_.data_ptr<double>()[i] * static_cast<double>(rows) / sum);
  }
  return out;
}

void WeightedRows::visit_state(StateVisitor& visit) {
  visit("weights", weights_);
  if (visit.loading() && weights_.defined()) sum_up();
}

Tensor balancing_weights(const Tensor& labels) {
  const Tensor dense = labels.contiguous();
  Tensor weights = at::empty(dense.sizes(), at::kDouble);
  for (std::int64_t set = 0; set < dense.size(0); ++set) {
    const std::int64_t* label = dense.data_ptr<std::int64_t>() + set * dense.size(1);
    double* weight = weights.data_ptr<double>() + set * dense.size(1);
    std::map<std::int64_t, std::int64_t> counts;
    for (std::int64_t i = 0; i < dense.size(1); ++i) ++counts[label[i]];
    for (std::int64_t i = 0; i < dense.size(1); ++i) {
      weight[i] = 1.0 / static_cast<double>(counts[label[i]]);
    }
  }
  return weights;
}

}  // namespace spurion::nouns
