#include "environments/two_bit/two_bit_exact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "environments/shared/ceilings/tie_rules.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

constexpr std::array<int, 2> kLabels = {-1, 1};

/// log(1 + exp(z)) without overflow.
double softplus(double z) { return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))); }

/// 1 / (1 + exp(-z)); exp overflows to infinity, which is right.
double sigmoid(double z) { return 1.0 / (1.0 + std::exp(-z)); }

double loss_of(double f, int y, TwoBitLoss loss) {
  return loss == TwoBitLoss::logistic ? softplus(-y * f) : (f - y) * (f - y);
}

/// d loss(s f) / ds at s = 1. An infinite logit that is right has slope 0.
double scale_slope(double f, int y, TwoBitLoss loss) {
  if (loss == TwoBitLoss::squared) return 2.0 * f * (f - y);
  const double weight = sigmoid(-y * f);
  return weight == 0.0 ? 0.0 : -y * f * weight;
}

/// Best output where the label is +1 with weight `plus` and -1 with weight `minus`.
double best_output(double plus, double minus, TwoBitLoss loss) {
  if (plus + minus == 0.0) return 0.0;
  return loss == TwoBitLoss::logistic ? std::log(plus) - std::log(minus)
                                      : (plus - minus) / (plus + minus);
}

struct Point {
  double a;
  double b;
  double value;
};

/// Nelder and Mead's simplex descent in the plane, from a corner triangle at (a, b).
template <class Function>
Point descend(const Function& function, double a, double b) {
  constexpr int kMostSteps = 2000;
  constexpr double kSmallest = 1e-13;
  constexpr double kStart = 0.25;
  const auto at = [&](double x, double y) { return Point{x, y, function(x, y)}; };
  std::array<Point, 3> corner = {at(a, b), at(a + kStart, b), at(a, b + kStart)};
  const auto by_value = [](const Point& p, const Point& q) { return p.value < q.value; };
  for (int step = 0; step < kMostSteps; ++step) {
    std::sort(corner.begin(), corner.end(), by_value);
    const double size = std::max(std::hypot(corner[1].a - corner[0].a, corner[1].b - corner[0].b),
                                 std::hypot(corner[2].a - corner[0].a, corner[2].b - corner[0].b));
    if (size < kSmallest) break;
    // Points on the line from the worst corner through the middle of the other two.
    const double middle_a = 0.5 * (corner[0].a + corner[1].a);
    const double middle_b = 0.5 * (corner[0].b + corner[1].b);
    const auto along = [&](double t) {
      return at(middle_a + t * (middle_a - corner[2].a), middle_b + t * (middle_b - corner[2].b));
    };
    const Point reflected = along(1.0);
    if (reflected.value < corner[0].value) {
      const Point expanded = along(2.0);
      corner[2] = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < corner[1].value) {
      corner[2] = reflected;
    } else {
      const Point contracted = along(reflected.value < corner[2].value ? 0.5 : -0.5);
      if (contracted.value < std::min(reflected.value, corner[2].value)) {
        corner[2] = contracted;
      } else {
        for (std::size_t i = 1; i < corner.size(); ++i) {
          corner[i] = at(0.5 * (corner[0].a + corner[i].a), 0.5 * (corner[0].b + corner[i].b));
        }
      }
    }
  }
  return *std::min_element(corner.begin(), corner.end(), by_value);
}

}  // namespace

TwoBitExact::TwoBitExact(std::vector<TwoBitDomain> train_domains)
    : train_domains_(std::move(train_domains)) {
  if (train_domains_.empty()) throw UsageError("two_bit needs a train domain");
  for (const TwoBitDomain& domain : train_domains_) {
    for (const double share : {domain.alpha, domain.beta}) {
      if (!(share >= 0.0 && share <= 1.0)) {
        throw UsageError(fmt::format("two_bit: {} is no probability", share));
      }
    }
  }
}

double TwoBitExact::probability(const TwoBitDomain& domain, int input, int y) {
  const double first = first_bit(input) == y ? 1.0 - domain.alpha : domain.alpha;
  const double second = second_bit(input) == y ? 1.0 - domain.beta : domain.beta;
  return 0.5 * first * second;
}

double TwoBitExact::risk(const TwoBitDomain& domain, const TwoBitLogits& f, TwoBitLoss loss) {
  double total = 0.0;
  for (int input = 0; input < kInputs; ++input) {
    for (const int y : kLabels) {
      const double share = probability(domain, input, y);
      // A cell that never occurs costs nothing, even at an infinite output.
      if (share > 0.0) total += share * loss_of(f[static_cast<std::size_t>(input)], y, loss);
    }
  }
  return total;
}

double TwoBitExact::scale_gradient(const TwoBitDomain& domain, const TwoBitLogits& f,
                                   TwoBitLoss loss) {
  double total = 0.0;
  for (int input = 0; input < kInputs; ++input) {
    for (const int y : kLabels) {
      const double share = probability(domain, input, y);
      if (share > 0.0) total += share * scale_slope(f[static_cast<std::size_t>(input)], y, loss);
    }
  }
  return total;
}

double TwoBitExact::accuracy(const TwoBitDomain& domain, const TwoBitLogits& f) {
  double total = 0.0;
  for (int input = 0; input < kInputs; ++input) {
    for (const int y : kLabels) {
      const double right = environments::first_is_better(y * f[static_cast<std::size_t>(input)]);
      total += right * probability(domain, input, y);
    }
  }
  return total;
}

TwoBitLogits TwoBitExact::bayes(const TwoBitDomain& domain, TwoBitLoss loss) {
  TwoBitLogits f{};
  for (int input = 0; input < kInputs; ++input) {
    f[static_cast<std::size_t>(input)] =
        best_output(probability(domain, input, 1), probability(domain, input, -1), loss);
  }
  return f;
}

TwoBitLogits TwoBitExact::invariant(double alpha, TwoBitLoss loss) {
  const double output = best_output(1.0 - alpha, alpha, loss);
  return odd(output, output);
}

double TwoBitExact::mean_risk(const TwoBitLogits& f, TwoBitLoss loss) const {
  double total = 0.0;
  for (const TwoBitDomain& domain : train_domains_) total += risk(domain, f, loss);
  return total / static_cast<double>(train_domains_.size());
}

double TwoBitExact::irm_penalty(const TwoBitLogits& f, TwoBitLoss loss) const {
  double total = 0.0;
  for (const TwoBitDomain& domain : train_domains_) {
    const double gradient = scale_gradient(domain, f, loss);
    total += gradient * gradient;
  }
  return total / static_cast<double>(train_domains_.size());
}

double TwoBitExact::risk_variance(const TwoBitLogits& f, TwoBitLoss loss) const {
  const double mean = mean_risk(f, loss);
  double total = 0.0;
  for (const TwoBitDomain& domain : train_domains_) {
    const double deviation = risk(domain, f, loss) - mean;
    total += deviation * deviation;
  }
  return total / static_cast<double>(train_domains_.size());
}

double TwoBitExact::irm_objective(const TwoBitLogits& f, double weight, TwoBitLoss loss) const {
  return mean_risk(f, loss) + weight * irm_penalty(f, loss);
}

TwoBitLogits TwoBitExact::erm(TwoBitLoss loss) const {
  TwoBitLogits f{};
  for (int input = 0; input < kInputs; ++input) {
    double plus = 0.0;
    double minus = 0.0;
    for (const TwoBitDomain& domain : train_domains_) {
      plus += probability(domain, input, 1);
      minus += probability(domain, input, -1);
    }
    f[static_cast<std::size_t>(input)] = best_output(plus, minus, loss);
  }
  return f;
}

TwoBitLogits TwoBitExact::descended(const Descent& descent) const {
  // Of inputs with y x1 = +-1 and y x2 = +-1; negating x and y together changes nothing.
  std::array<double, kInputs> share{};
  for (const TwoBitDomain& domain : train_domains_) {
    for (int input = 0; input < kInputs; ++input) {
      share[static_cast<std::size_t>(input)] +=
          2.0 * probability(domain, input, 1) / static_cast<double>(train_domains_.size());
    }
  }
  double a = 0.0;
  double b = 0.0;
  for (std::int64_t step = 0; step < descent.steps; ++step) {
    double slope_a = 2.0 * descent.l2 * a;
    double slope_b = 2.0 * descent.l2 * b;
    for (int input = 0; input < kInputs; ++input) {
      const double pull = share[static_cast<std::size_t>(input)] *
                          sigmoid(-(first_bit(input) * a + second_bit(input) * b));
      slope_a -= pull * first_bit(input);
      slope_b -= pull * second_bit(input);
    }
    a -= descent.rate * slope_a;
    b -= descent.rate * slope_b;
  }
  return odd(a + b, a - b);
}

bool TwoBitExact::shows(const TwoBitDomain& domain) const {
  const auto occurs = [](const TwoBitDomain& where, int input) {
    return probability(where, input, 1) + probability(where, input, -1) > 0.0;
  };
  for (int input = 0; input < kInputs; ++input) {
    const bool seen = std::any_of(train_domains_.begin(), train_domains_.end(),
                                  [&](const TwoBitDomain& train) { return occurs(train, input); });
    if (occurs(domain, input) && !seen) return false;
  }
  return true;
}

TwoBitLogits TwoBitExact::irm_minimiser(double weight, TwoBitLoss loss) const {
  constexpr double kBox = 8.0;
  constexpr int kSteps = 16;
  const auto objective = [&](double a, double b) {
    // Outside the box the value only grows, so that the descent turns back.
    const double outside = std::max(0.0, std::max(std::abs(a), std::abs(b)) - kBox);
    const TwoBitLogits f = odd(std::clamp(a, -kBox, kBox), std::clamp(b, -kBox, kBox));
    return irm_objective(f, weight, loss) + outside;
  };
  // A heavy penalty leaves narrow valleys, which a simplex can enter and not leave: hence the many
  // starts, denser around the origin, where the solutions of small problems lie.
  Point best{0.0, 0.0, objective(0.0, 0.0)};
  for (int i = -kSteps; i <= kSteps; ++i) {
    for (int j = -kSteps; j <= kSteps; ++j) {
      const auto spread = [](int step) {
        const double t = static_cast<double>(step) / kSteps;
        return kBox * t * std::abs(t);
      };
      const Point found = descend(objective, spread(i), spread(j));
      if (found.value < best.value) best = found;
    }
  }
  return odd(std::clamp(best.a, -kBox, kBox), std::clamp(best.b, -kBox, kBox));
}

}  // namespace spurion::environments
