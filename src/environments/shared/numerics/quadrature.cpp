#include "environments/shared/numerics/quadrature.hpp"

#include <algorithm>
#include <cmath>

namespace spurion::environments {

namespace {

/// Positive nodes of the Gauss-Legendre rule with ten, and their weights.
constexpr double kNodes[] = {0.1488743389816312108848260, 0.4333953941292471907992659,
                             0.6794095682990244062343274, 0.8650633666889845107320967,
                             0.9739065285171717200779640};
constexpr double kWeights[] = {0.2955242247147528701738930, 0.2692667193099963550912269,
                               0.2190863625159820439955349, 0.1494513491505805931457763,
                               0.0666713443086881375935688};

double panels(const RealFunction& f, double low, double high, double count) {
  const double half = 0.5 * (high - low) / count;
  double sum = 0.0;
  for (double panel = 0.0; panel < count; panel += 1.0) {
    const double middle = low + (2.0 * panel + 1.0) * half;
    for (std::size_t i = 0; i < 5; ++i) {
      sum += kWeights[i] * (f(middle - half * kNodes[i]) + f(middle + half * kNodes[i]));
    }
  }
  return sum * half;
}

/// Widest panel of the coarser rule.
constexpr double kWidest = 0.25;

}  // namespace

Integral integrate(const RealFunction& f, double low, double high,
                   const std::vector<double>& breaks) {
  double fine = 0.0;
  double coarse = 0.0;
  double from = low;
  const auto piece = [&](double to) {
    if (to <= from) return;
    // Twice as many in a piece of any width, or the two sums would not be comparable there.
    const double count = std::max(1.0, std::ceil((to - from) / kWidest));
    fine += panels(f, from, to, 2.0 * count);
    coarse += panels(f, from, to, count);
    from = to;
  };
  for (const double at : breaks) piece(std::min(at, high));
  piece(high);
  return {fine, std::abs(fine - coarse) + 1e-12};
}

Integral normal_average(const RealFunction& g) {
  constexpr double kEnd = 12.0;  // 4e-33 of the mass lies beyond
  constexpr double kDensity = 0.3989422804014327;
  constexpr double kSettled = 1e-13;
  constexpr double kRounding = 1e-12;
  constexpr double kFinest = 1.0 / 16384.0;
  const auto nodes = [&](double first, double spacing) {
    double sum = 0.0;
    for (double z = first; z <= kEnd; z += spacing) sum += kDensity * std::exp(-0.5 * z * z) * g(z);
    return sum;
  };
  double step = 1.0 / 16.0;
  double value = step * nodes(-kEnd, step);
  bool settled = false;
  for (;;) {
    const double finer = 0.5 * value + 0.5 * step * nodes(-kEnd + 0.5 * step, step);
    const double change = std::abs(finer - value);
    step *= 0.5;
    value = finer;
    if (change < kSettled && settled) return {value, change + kRounding};
    settled = change < kSettled;
    if (step <= kFinest) return {value, std::max(change, 0.6 * step)};
  }
}

std::vector<double> steep_at(const std::vector<double>& points) {
  constexpr int kHalvings = 36;
  std::vector<double> breaks;
  for (const double point : points) {
    double distance = kWidest;
    for (int halving = 0; halving < kHalvings; ++halving, distance *= 0.5) {
      breaks.push_back(point - distance);
      breaks.push_back(point + distance);
    }
    breaks.push_back(point);
  }
  std::sort(breaks.begin(), breaks.end());
  return breaks;
}

int SignPieces::sign_at(double x) const {
  const auto piece = std::upper_bound(changes.begin(), changes.end(), x) - changes.begin();
  return signs[static_cast<std::size_t>(piece)];
}

SignPieces sign_pieces(const RealFunction& f, double low, double high) {
  const auto sign_of = [&f](double x) {
    const double value = f(x);
    return value > 0.0 ? 1 : value < 0.0 ? -1 : 0;
  };
  const auto steps = static_cast<int>(std::ceil((high - low) * 64.0));
  SignPieces pieces{{}, {0}};
  double left = low;  // the last point whose sign is known
  std::vector<double> zeros;
  for (int step = 0; step <= steps; ++step) {
    const double right = low + (high - low) * step / steps;
    const int now = sign_of(right);
    if (now == 0) {
      zeros.push_back(right);
      continue;
    }
    int& last = pieces.signs.back();
    if (last == 0) {
      last = now;
    } else if (now != last) {
      double a = left;
      double b = right;
      // A zero of its own on the grid is the place, as that of an odd function is.
      if (zeros.size() == 1) a = b = zeros.front();
      for (int halving = 0; halving < 60 && a < b; ++halving) {
        const double middle = 0.5 * (a + b);
        (sign_of(middle) == last ? a : b) = middle;
      }
      pieces.changes.push_back(0.5 * (a + b));
      pieces.signs.push_back(now);
    }
    zeros.clear();
    left = right;
  }
  return pieces;
}

}  // namespace spurion::environments
