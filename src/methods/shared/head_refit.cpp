#include "methods/shared/head_refit.hpp"

#include <algorithm>
#include <cmath>

namespace spurion::methods {

namespace {

/// The derivatives of the weighted losses by the logits, [C, n].
std::vector<double> refit_slopes(const RefitRows& rows, const std::vector<double>& z) {
  const std::int64_t n = rows.count();
  std::vector<double> slopes(z.size());
  for (std::int64_t i = 0; i < n; ++i) {
    const auto row = static_cast<std::size_t>(i);
    if (rows.outputs == 1) {
      const double p = 1.0 / (1.0 + std::exp(-z[row]));
      slopes[row] = rows.weight[row] * (p - (rows.label[row] == 1 ? 1.0 : 0.0));
      continue;
    }
    const auto at = [&](std::int64_t c) { return static_cast<std::size_t>(c * n + i); };
    double most = z[at(0)];
    for (std::int64_t c = 1; c < rows.outputs; ++c) most = std::max(most, z[at(c)]);
    double sum = 0.0;
    for (std::int64_t c = 0; c < rows.outputs; ++c) sum += std::exp(z[at(c)] - most);
    for (std::int64_t c = 0; c < rows.outputs; ++c) {
      const double p = std::exp(z[at(c)] - most) / sum;
      slopes[at(c)] = rows.weight[row] * (p - (rows.label[row] == c ? 1.0 : 0.0));
    }
  }
  return slopes;
}

}  // namespace

RefitAddend refit_head(const RefitRows& rows, const RefitDescent& descent) {
  const std::int64_t n = rows.count();
  const std::int64_t outputs = rows.outputs;
  const auto size = static_cast<std::size_t>(rows.features * outputs);
  RefitAddend addend;
  addend.weights.assign(size, 0.0);
  addend.bias.assign(static_cast<std::size_t>(outputs), 0.0);
  // The bias is the weight of a feature that is 1: behind the others.
  std::vector<double> theta(size + static_cast<std::size_t>(outputs), 0.0);
  std::vector<double> gradient(theta.size());
  const auto of = [&](std::int64_t f, std::int64_t c) {
    return static_cast<std::size_t>(f * outputs + c);
  };
  std::vector<double> z = rows.logits;
  for (std::int64_t step = 0; step < descent.steps; ++step) {
    const std::vector<double> slopes = refit_slopes(rows, z);
    double squares = 0.0;
    for (std::int64_t f = 0; f <= rows.features; ++f) {
      const double* x = f < rows.features ? rows.x.data() + f * n : nullptr;
      for (std::int64_t c = 0; c < outputs; ++c) {
        double sum = 2.0 * descent.anchor * theta[of(f, c)];
        const double* slope = slopes.data() + c * n;
        for (std::int64_t i = 0; i < n; ++i) sum += slope[i] * (x == nullptr ? 1.0 : x[i]);
        gradient[of(f, c)] = sum;
        squares += sum * sum;
      }
    }
    const double norm = std::sqrt(squares);
    const bool clips = descent.clip_norm > 0.0 && norm > descent.clip_norm;
    const double rate = clips ? descent.rate * descent.clip_norm / norm : descent.rate;
    for (std::int64_t f = 0; f <= rows.features; ++f) {
      const double* x = f < rows.features ? rows.x.data() + f * n : nullptr;
      for (std::int64_t c = 0; c < outputs; ++c) {
        const double by = -rate * gradient[of(f, c)];
        theta[of(f, c)] += by;
        double* logit = z.data() + c * n;
        for (std::int64_t i = 0; i < n; ++i) logit[i] += by * (x == nullptr ? 1.0 : x[i]);
      }
    }
  }
  const auto end = theta.begin() + static_cast<std::ptrdiff_t>(size);
  addend.weights.assign(theta.begin(), end);
  addend.bias.assign(end, theta.end());
  return addend;
}

}  // namespace spurion::methods
