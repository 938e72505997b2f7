#include "analysis/normal_distribution.hpp"

#include <cmath>

#include "spurion/error.hpp"

namespace spurion::analysis {

double probit(double p) {
  SPURION_CHECK(p > 0.0 && p < 1.0, "a probability between 0 and 1 has a probit");
  // By halving, in the lower tail, where the distribution function loses no digits.
  const double tail = p < 0.5 ? p : 1.0 - p;
  double low = -40.0;
  double high = 0.0;
  while (true) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) return p < 0.5 ? middle : -middle;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < tail ? low : high) = middle;
  }
}

}  // namespace spurion::analysis
