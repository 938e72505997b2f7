#include "regimes/shared/selection_nats.hpp"

#include <cmath>

namespace spurion::regimes {

namespace {

/// P(Binomial(n - 1, u) >= n - s), the sum of its s largest terms; 0 < u < 1.
double kept(std::int64_t n, std::int64_t s, double u) {
  const auto last = static_cast<double>(n - 1);
  // Term n - 1, then down by the ratio of neighbours.
  double log_term = last * std::log(u);
  double sum = 0.0;
  for (std::int64_t i = 0; i < s; ++i) {
    sum += std::exp(log_term);
    const auto j = static_cast<double>(n - 1 - i);
    log_term += std::log(j / (last - j + 1.0) * (1.0 - u) / u);
  }
  return sum;
}

}  // namespace

double selection_nats(std::int64_t candidates, std::int64_t survivors) {
  const auto n = static_cast<double>(candidates);
  if (survivors >= candidates) return 0.0;
  if (survivors == 1) return std::log(n) - (n - 1.0) / n;
  const double most = n / static_cast<double>(survivors);
  const auto integrand = [&](double u) {
    const double f = most * kept(candidates, survivors, u);
    return f > 0.0 ? f * std::log(f) : 0.0;
  };
  // Simpson's rule. At 0 the density is 0, at 1 it is n / s.
  constexpr int kIntervals = 4000;
  const double step = 1.0 / kIntervals;
  double sum = most * std::log(most);
  for (int i = 1; i < kIntervals; ++i) sum += (i % 2 == 1 ? 4.0 : 2.0) * integrand(i * step);
  return sum * step / 3.0;
}

}  // namespace spurion::regimes
