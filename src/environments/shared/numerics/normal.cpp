#include "environments/shared/numerics/normal.hpp"

#include <algorithm>
#include <cmath>

#include "spurion/error.hpp"

namespace spurion::environments {

double normal_density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2.0 * kPi); }

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

double log_normal_cdf(double z) {
  if (z > -30.0) return std::log(normal_cdf(z));
  // Mills' ratio, of which the terms beyond these are below 1e-9 here.
  const double square = 1.0 / (z * z);
  return -0.5 * z * z - std::log(-z * std::sqrt(2.0 * kPi)) +
         std::log1p(-square * (1.0 - 3.0 * square * (1.0 - 5.0 * square)));
}

double normal_quantile(double p) {
  SPURION_CHECK(p > 0.0 && p < 1.0, "a quantile lies between 0 and 1");
  // Bisection: slow, but right to the last bit, and asked for once a domain.
  double low = -40.0;
  double high = 40.0;
  while (true) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) return middle;
    (normal_cdf(middle) < p ? low : high) = middle;
  }
}

double log_sum(double a, double b) {
  const double high = std::max(a, b);
  if (std::isinf(high)) return high;
  return high + std::log1p(std::exp(std::min(a, b) - high));
}

double log_sum(const std::vector<double>& logs) {
  const double high = *std::max_element(logs.begin(), logs.end());
  double total = 0.0;
  for (const double value : logs) total += std::exp(value - high);
  return high + std::log(total);
}

}  // namespace spurion::environments
