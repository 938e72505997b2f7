#include "analysis/fits/small_least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace spurion::analysis::fits {

bool solve_small(const SmallMatrix& a, std::size_t size, SmallVector& b) {
  SmallMatrix root{};
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * kMostParameters + j];
      for (std::size_t k = 0; k < j; ++k) {
        sum -= root[i * kMostParameters + k] * root[j * kMostParameters + k];
      }
      if (i == j) {
        if (!(sum > 1e-13 * a[i * kMostParameters + i])) return false;
        root[i * kMostParameters + i] = std::sqrt(sum);
      } else {
        root[i * kMostParameters + j] = sum / root[j * kMostParameters + j];
      }
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= root[i * kMostParameters + k] * b[k];
    b[i] /= root[i * kMostParameters + i];
  }
  for (std::size_t i = size; i-- > 0;) {
    for (std::size_t k = i + 1; k < size; ++k) b[i] -= root[k * kMostParameters + i] * b[k];
    b[i] /= root[i * kMostParameters + i];
  }
  return true;
}

namespace {

/// Takes the solution over the parameters `chosen` if its signs are allowed and it is better.
/// Returns whether the signs are allowed.
bool take(const NormalEquations& normal, const std::vector<LinearParameter>& parameters,
          const std::array<std::size_t, kMostParameters>& chosen, std::size_t count,
          LinearSolution& best) {
  SmallMatrix part{};
  SmallVector x{};
  for (std::size_t i = 0; i < count; ++i) {
    x[i] = normal.moment[chosen[i]];
    for (std::size_t j = 0; j <= i; ++j) {
      part[i * kMostParameters + j] = normal.gram[chosen[i] * kMostParameters + chosen[j]];
    }
  }
  if (!solve_small(part, count, x)) return false;
  double loss = normal.square;
  for (std::size_t i = 0; i < count; ++i) {
    if (parameters[chosen[i]].nonnegative && x[i] < 0.0) return false;
    loss -= x[i] * normal.moment[chosen[i]];
  }
  if (loss < best.loss) {
    best.loss = loss;
    best.x = {};
    for (std::size_t i = 0; i < count; ++i) best.x[chosen[i]] = x[i];
  }
  return true;
}

}  // namespace

LinearSolution solve_signed(NormalEquations normal, const std::vector<LinearParameter>& parameters,
                            const std::vector<std::optional<double>>& holds) {
  std::array<std::size_t, kMostParameters> free{};
  std::size_t count = 0;
  for (std::size_t j = 0; j < normal.size; ++j) {
    if (!holds[j]) {
      free[count++] = j;
      continue;
    }
    const double value = *holds[j];
    normal.square +=
        value * (value * normal.gram[j * kMostParameters + j] - 2.0 * normal.moment[j]);
    for (std::size_t i = 0; i < normal.size; ++i) {
      normal.moment[i] -= value * normal.gram[i * kMostParameters + j];
    }
  }
  LinearSolution best;
  best.loss = std::numeric_limits<double>::infinity();
  if (!take(normal, parameters, free, count, best)) {
    for (unsigned mask = 0; mask + 1 < (1U << count); ++mask) {
      std::array<std::size_t, kMostParameters> chosen{};
      std::size_t some = 0;
      for (std::size_t i = 0; i < count; ++i) {
        if ((mask >> i & 1U) != 0U) chosen[some++] = free[i];
      }
      take(normal, parameters, chosen, some, best);
    }
  }
  for (std::size_t j = 0; j < normal.size; ++j) {
    if (holds[j]) best.x[j] = *holds[j];
  }
  best.loss = std::max(0.0, best.loss);
  return best;
}

}  // namespace spurion::analysis::fits
