#include "environments/shared/ceilings/tie_rules.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "environments/shared/numerics/quadrature.hpp"

namespace spurion::environments {

double first_is_better(double first, double second) {
  const double lead = first - second;
  if (std::abs(lead) <= kTie * (first + second)) return 0.5;
  return lead > 0.0 ? 1.0 : 0.0;
}

double first_is_better(double log_odds) {
  if (std::abs(log_odds) <= kTie) return 0.5;
  return log_odds > 0.0 ? 1.0 : 0.0;
}

std::vector<double> without_opposites(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end(),
            [](double a, double b) { return std::abs(a) < std::abs(b); });
  // Those of one size end up side by side, so what is left of a size has one sign.
  std::vector<double> left;
  for (const double one : numbers) {
    if (one == 0.0) continue;
    const bool opposite = !left.empty() && (left.back() > 0.0) != (one > 0.0) &&
                          std::abs(left.back() + one) <= kTie * std::abs(one);
    if (opposite) {
      left.pop_back();
    } else {
      left.push_back(one);
    }
  }
  return left;
}

double sign_of_normal_leads(const std::vector<double>& z) {
  const std::vector<double> left = without_opposites(z);
  if (left.empty()) return 0.0;
  std::int64_t balance = 0;
  for (const double one : left) balance += one > 0.0 ? 1 : -1;
  // From here on 1 - erf is smaller than erf, and more exact.
  constexpr double kFar = 1.0;
  if (balance != 0 || std::abs(left.front()) < kFar) {
    double sum = 0.0;
    for (const double one : left) sum += std::erf(one / std::sqrt(2.0));
    return sum;
  }
  // As many +1 as -1: they cancel, and what they lack of 1 decides. The nearest lacks the most.
  const double most = log_normal_cdf(-std::abs(left.front()));
  double sum = 0.0;
  for (const double one : left) {
    const double lacks = std::exp(log_normal_cdf(-std::abs(one)) - most);
    sum += one > 0.0 ? -lacks : lacks;
  }
  return sum;
}

}  // namespace spurion::environments
