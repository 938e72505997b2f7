#include "analysis/student_distribution.hpp"

#include <algorithm>
#include <cmath>

#include "spurion/analysis/statistics.hpp"

namespace spurion::analysis {

namespace {

/// The regularised incomplete beta function, by its continued fraction (Lentz's method).
double incomplete_beta(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  if (x > (a + 1.0) / (a + b + 2.0)) return 1.0 - incomplete_beta(b, a, 1.0 - x);
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x)) /
                       a;
  constexpr double kTiny = 1e-300;
  double c = 1.0;
  double d = 0.0;
  double fraction = 1.0;
  for (int i = 0; i <= 400; ++i) {
    const int half = i / 2;
    const double m = half;
    double numerator = 1.0;
    if (i > 0) {
      numerator = i % 2 == 0 ? m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
                             : -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    }
    d = 1.0 + numerator * d;
    d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
    c = 1.0 + numerator / c;
    if (std::abs(c) < kTiny) c = kTiny;
    fraction *= c * d;
    if (std::abs(1.0 - c * d) < 1e-14) break;
  }
  return front * (fraction - 1.0);
}

}  // namespace

double student_probability(double t, double freedom) {
  const double tail = 0.5 * incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t));
  return t > 0.0 ? 1.0 - tail : tail;
}

double student_quantile(double p, double freedom) {
  if (p == 0.5) return 0.0;  // by symmetry; the incomplete beta function is least exact there
  double low = -1.0;
  double high = 1.0;
  while (student_probability(low, freedom) > p) low *= 2.0;
  while (student_probability(high, freedom) < p) high *= 2.0;
  for (int i = 0; i < 200 && high - low > 1e-12 * std::max(1.0, std::abs(low)); ++i) {
    const double middle = 0.5 * (low + high);
    (student_probability(middle, freedom) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace spurion::analysis
