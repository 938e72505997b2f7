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

namespace {

/// About where the probability is p, by Halley's method; NaN where that does not get there, or
/// where so many degrees of freedom make the probability less exact.
double nearby_quantile(double p, double freedom) {
  constexpr double kMostFreedom = 1e4;
  constexpr double kClose = 1e-5;  // each step triples the digits that are right
  if (!(freedom > 0.0 && freedom <= kMostFreedom)) return std::nan("");
  const double half = 0.5 * (freedom + 1.0);
  const double peak = std::exp(std::lgamma(half) - std::lgamma(0.5 * freedom)) /
                      std::sqrt(freedom * std::acos(-1.0));
  double t = (p - 0.5) / peak;  // the first step of Newton's method, from 0
  for (int i = 0; i < 20; ++i) {
    const double density = peak * std::pow(1.0 + t * t / freedom, -half);
    const double newton = (student_probability(t, freedom) - p) / density;
    const double bend = -2.0 * half * t / (freedom + t * t);  // of the density, in relation to it
    const double step = newton / (1.0 - 0.5 * newton * bend);
    t -= step;
    if (std::abs(step) < kClose * std::max(1.0, std::abs(t))) return t;
  }
  return std::nan("");
}

}  // namespace

double student_quantile(double p, double freedom) {
  if (p == 0.5) return 0.0;  // by symmetry; the incomplete beta function is least exact there
  // Bisection tells the same digits everywhere. Where the root is known well enough, it need not be
  // asked on which side a value lies.
  const double root = nearby_quantile(p, freedom);
  const double margin = 2e-11 * std::max(1.0, std::abs(root));
  const auto side = [&](double t) {
    if (t < root - margin) return -1;
    if (t > root + margin) return 1;
    const double there = student_probability(t, freedom);
    return there < p ? -1 : there > p ? 1 : 0;
  };
  double low = -1.0;
  double high = 1.0;
  while (side(low) > 0) low *= 2.0;
  while (side(high) < 0) high *= 2.0;
  for (int i = 0; i < 200 && high - low > 1e-12 * std::max(1.0, std::abs(low)); ++i) {
    const double middle = 0.5 * (low + high);
    (side(middle) < 0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace spurion::analysis
