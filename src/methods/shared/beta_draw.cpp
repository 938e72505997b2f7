#include "methods/shared/beta_draw.hpp"

#include <cmath>

namespace spurion::methods {

namespace {

/// The logarithm of a number from Gamma(shape).
double log_gamma_draw(const RandomKey& key, double shape) {
  const RandomStream stream(key);
  const bool raised = shape < 1.0;
  const double d = (raised ? shape + 1.0 : shape) - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  double log_value = 0.0;
  for (std::int64_t attempt = 0;; ++attempt) {  // each succeeds with a probability above 0.95
    const double x = stream.normal(attempt, 0);
    const double v = std::pow(1.0 + c * x, 3.0);
    if (v <= 0.0) continue;
    const double u = 1.0 - stream.uniform(attempt, 8);  // in (0, 1]
    if (std::log(u) >= 0.5 * x * x + d - d * v + d * std::log(v)) continue;
    log_value = std::log(d * v);
    break;
  }
  if (raised) log_value += std::log(1.0 - RandomStream(key.child("power")).uniform(0)) / shape;
  return log_value;
}

}  // namespace

double beta_draw(const RandomKey& key, double a) {
  const double first = log_gamma_draw(key.child("first"), a);
  const double second = log_gamma_draw(key.child("second"), a);
  return 1.0 / (1.0 + std::exp(second - first));
}

}  // namespace spurion::methods
