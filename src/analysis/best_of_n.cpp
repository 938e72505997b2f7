#include "analysis/best_of_n.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "spurion/error.hpp"

namespace spurion::analysis {

BestOfN::BestOfN(const std::vector<double>& proxy) : order_(proxy.size()) {
  if (proxy.empty()) throw UsageError("there is no candidate to choose");
  if (std::any_of(proxy.begin(), proxy.end(), [](double value) { return std::isnan(value); })) {
    throw UsageError("a candidate without a proxy cannot be ranked");
  }
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::size_t a, std::size_t b) { return proxy[a] < proxy[b]; });
  for (std::size_t i = 1; i <= order_.size(); ++i) {
    if (i == order_.size() || proxy[order_[i]] != proxy[order_[i - 1]]) ends_.push_back(i);
  }
}

std::vector<double> BestOfN::weights(std::int64_t n) const {
  if (n < 1 || n > size()) {
    throw UsageError(fmt::format("the best of {} of {} candidates has no meaning", n, size()));
  }
  // The probability that no drawn candidate has a higher rank than i is C(i, n) / C(N, n). It is 1
  // at i = N and falls by the factor (i - n) / i from i to i - 1; rank i has the share n / i of it.
  std::vector<double> by_rank(order_.size(), 0.0);
  double below = 1.0;
  const auto drawn = static_cast<double>(n);
  for (std::size_t i = order_.size(); i >= static_cast<std::size_t>(n) && below > 0.0; --i) {
    const auto rank = static_cast<double>(i);
    by_rank[i - 1] = below * drawn / rank;
    below *= (rank - drawn) / rank;
  }
  std::vector<double> out(order_.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends_) {
    double sum = 0.0;
    for (std::size_t i = begin; i < end; ++i) sum += by_rank[i];
    const double share = sum / static_cast<double>(end - begin);
    for (; begin < end; ++begin) out[order_[begin]] = share;
  }
  return out;
}

double BestOfN::expectation(const std::vector<double>& values, std::int64_t n) const {
  if (values.size() != order_.size()) {
    throw UsageError(fmt::format("{} numbers for {} candidates", values.size(), order_.size()));
  }
  const std::vector<double> weight = weights(n);
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (weight[i] > 0.0) sum += weight[i] * values[i];
  }
  return sum;
}

double selection_nats(std::int64_t n) {
  if (n < 1) throw UsageError("a selection needs at least one candidate");
  const auto count = static_cast<double>(n);
  return std::log(count) - (count - 1.0) / count;
}

std::vector<std::int64_t> selection_sizes(std::int64_t most) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t power = 1; power <= most; power *= 2) {
    sizes.push_back(power);
    const std::int64_t between = power + power / 2;
    if (power > 1 && between <= most) sizes.push_back(between);
  }
  if (!sizes.empty() && sizes.back() != most) sizes.push_back(most);
  return sizes;
}

}  // namespace spurion::analysis
