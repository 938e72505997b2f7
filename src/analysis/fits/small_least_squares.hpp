#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "analysis/fits/curve_family.hpp"

namespace spurion::analysis::fits {

/// A matrix and a vector of at most `kMostParameters` rows.
using SmallVector = std::array<double, kMostParameters>;
using SmallMatrix = std::array<double, kMostParameters * kMostParameters>;

/// Solves A x = b for a positive definite A of `size` rows by Cholesky's method, in place of b.
/// False where A is singular to rounding.
bool solve_small(const SmallMatrix& a, std::size_t size, SmallVector& b);

/// A linear least squares problem by its products: what is left of the variance of y after the best
/// x with signs and held values.
struct NormalEquations {
  std::size_t size = 0;
  SmallMatrix gram{};    ///< A' A
  SmallVector moment{};  ///< A' y
  double square = 0.0;   ///< y' y
};
struct LinearSolution {
  double loss = 0.0;
  SmallVector x{};
};
/// The best x. Those that are held keep their value; those that may not be negative are the best of
/// all choices of zeros (the optimum under the signs is one of them).
LinearSolution solve_signed(NormalEquations normal, const std::vector<LinearParameter>& parameters,
                            const std::vector<std::optional<double>>& holds);

}  // namespace spurion::analysis::fits
