#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "methods/shared/ridge_solution.hpp"
#include "spurion/random.hpp"

namespace spurion {
namespace {

using methods::RidgeRows;
using methods::RidgeSolution;

RidgeRows random_rows(std::int64_t count, std::int64_t features, bool intercept) {
  const RandomStream stream(RandomKey(5));
  RidgeRows rows;
  rows.features = features;
  rows.intercept = intercept;
  for (std::int64_t i = 0; i < count; ++i) {
    double sum = 0.7;
    for (std::int64_t f = 0; f < features; ++f) {
      rows.x.push_back(stream.normal(i, f) + 0.3);
      sum += rows.x.back() * (f % 3 == 0 ? 1.0 : -0.2);
    }
    rows.y.push_back(sum + 0.5 * stream.normal(i, features));
    rows.weight.push_back(1.0 + 0.5 * (i % 2 == 0 ? 1.0 : -1.0));
  }
  return rows;
}

/// The gradient of the objective, which is 0 where it is least.
double largest_slope(const RidgeRows& rows, const RidgeSolution& fit, double l2) {
  std::vector<double> slope(fit.weights.size());
  double bias = 0.0;
  for (std::int64_t i = 0; i < rows.count(); ++i) {
    const double* x = rows.x.data() + i * rows.features;
    double residual = rows.y[static_cast<std::size_t>(i)] - fit.bias[0];
    for (std::size_t f = 0; f < slope.size(); ++f) residual -= x[f] * fit.weights[f];
    residual *= rows.weight[static_cast<std::size_t>(i)] / static_cast<double>(rows.count());
    for (std::size_t f = 0; f < slope.size(); ++f) slope[f] -= x[f] * residual;
    bias += residual;
  }
  double largest = rows.intercept ? std::abs(bias) : 0.0;
  for (std::size_t f = 0; f < slope.size(); ++f) {
    largest = std::max(largest, std::abs(slope[f] + l2 * fit.weights[f]));
  }
  return largest;
}

TEST_CASE("a ridge solution is where the objective has no slope") {
  for (const bool intercept : {true, false}) {
    for (const auto& [count, features] : {std::pair{40, 7}, {7, 40}, {12, 12}}) {
      for (const double l2 : {1e-6, 0.1, 10.0}) {
        CAPTURE(intercept, count, features, l2);
        const RidgeRows rows = random_rows(count, features, intercept);
        const RidgeSolution fit = methods::ridge_solution(rows, l2);
        CHECK(largest_slope(rows, fit, l2) < 1e-9);
        CHECK(fit.flops > 0.0);
        if (!intercept) CHECK(fit.bias[0] == 0.0);
      }
    }
  }
}

TEST_CASE("without a ridge it is least squares, and of least norm where rows are few") {
  const RidgeRows many = random_rows(50, 6, true);
  CHECK(largest_slope(many, methods::ridge_solution(many, 0.0), 0.0) < 1e-9);
  const RidgeRows few = random_rows(6, 50, true);
  const RidgeSolution fit = methods::ridge_solution(few, 0.0);
  const RidgeSolution near = methods::ridge_solution(few, 1e-9);
  double norm = 0.0;
  double distance = 0.0;
  for (std::size_t f = 0; f < fit.weights.size(); ++f) {
    norm += fit.weights[f] * fit.weights[f];
    distance += std::pow(fit.weights[f] - near.weights[f], 2);
  }
  CHECK(distance < 1e-10 * norm);
  CHECK(largest_slope(few, fit, 0.0) < 1e-9);
}

}  // namespace
}  // namespace spurion
