#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "analysis/fits/repeated_fit.hpp"
#include "analysis/fits/small_least_squares.hpp"

/// \file
/// Improves the best place of a grid of shapes within the bounds of the search. `Loss` is called as
/// loss(shape, residuals): it writes the residuals and returns the fit of the shape.

namespace spurion::analysis::fits {

/// A shape parameter as the search moves it: by its logarithm where its grid has equal ratios.
inline double searched(const ShapeParameter& parameter, double value) {
  return parameter.logarithmic ? std::log(value) : value;
}
inline double unsearched(const ShapeParameter& parameter, double place) {
  const double value = parameter.logarithmic ? std::exp(place) : place;
  return std::clamp(value, parameter.low, parameter.high);
}

/// One shape parameter: Brent's method between the neighbours of the best place.
template <class Loss>
FittedShape improved_line(const ShapeParameter& parameter, const FittedShape& start, Loss& loss) {
  constexpr double kGolden = 0.3819660112501051;
  constexpr double kClose = 1e-6;
  const double step = (searched(parameter, parameter.high) - searched(parameter, parameter.low)) /
                      static_cast<double>(parameter.grid - 1);
  std::vector<double> residuals;
  const auto at = [&](double place) {
    SmallVector shape{};
    shape[0] = unsearched(parameter, place);
    return loss(shape, residuals);
  };
  double x = searched(parameter, start.shape[0]);
  double low = std::max(searched(parameter, parameter.low), x - step);
  double high = std::min(searched(parameter, parameter.high), x + step);
  FittedShape best = at(x);
  double w = x;
  double v = x;
  double loss_w = best.loss;
  double loss_v = best.loss;
  double move = 0.0;
  double last = 0.0;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    if (std::abs(x - middle) + 0.5 * (high - low) <= 2.0 * kClose) break;
    double r = (x - w) * (best.loss - loss_v);
    double q = (x - v) * (best.loss - loss_w);
    double p = (x - v) * q - (x - w) * r;
    q = 2.0 * (q - r);
    if (q > 0.0) p = -p;
    q = std::abs(q);
    const bool parabolic =
        std::abs(p) < std::abs(0.5 * q * last) && p > q * (low - x) && p < q * (high - x);
    last = parabolic ? move : (x < middle ? high - x : low - x);
    move = parabolic ? p / q : kGolden * last;
    if (std::abs(move) < kClose) move = move >= 0.0 ? kClose : -kClose;
    const double next = std::clamp(x + move, low, high);
    const FittedShape tried = at(next);
    if (tried.loss <= best.loss) {
      (next >= x ? low : high) = x;
      v = w;
      loss_v = loss_w;
      w = x;
      loss_w = best.loss;
      x = next;
      best = tried;
    } else {
      (next < x ? low : high) = next;
      if (tried.loss <= loss_w || w == x) {
        v = w;
        loss_v = loss_w;
        w = next;
        loss_w = tried.loss;
      } else if (tried.loss <= loss_v || v == x || v == w) {
        v = next;
        loss_v = tried.loss;
      }
    }
  }
  return best;
}

/// Several shape parameters: Levenberg & Marquardt's method with differences, inside the bounds.
template <class Loss>
class ShapeDescent {
 public:
  ShapeDescent(const std::vector<ShapeParameter>& parameters, Loss& loss)
      : parameters_(parameters), loss_(loss) {}

  FittedShape from(const FittedShape& start) {
    FittedShape best = loss_(start.shape, residuals_);
    double damping = 1e-3;
    for (int i = 0; i < 40 && std::isfinite(best.loss); ++i) {
      differentiate(best);
      const double before = best.loss;
      for (int tries = 0; tries < 8; ++tries) {
        const FittedShape tried = loss_(step(best, damping), tried_);
        if (tried.loss < best.loss) {
          best = tried;
          residuals_.swap(tried_);
          damping = std::max(1e-12, 0.1 * damping);
          break;
        }
        damping *= 10.0;
      }
      if (!(best.loss < before * (1.0 - 1e-9)) || best.loss == 0.0) break;
    }
    return best;
  }

 private:
  void differentiate(const FittedShape& at) {
    const std::size_t k = parameters_.size();
    const std::size_t n = residuals_.size();
    slopes_.resize(k * n);
    for (std::size_t j = 0; j < k; ++j) {
      const double place = searched(parameters_[j], at.shape[j]);
      const double upper = searched(parameters_[j], parameters_[j].high);
      double change = 1e-6 * std::max(1.0, std::abs(place));
      if (place + change > upper) change = -change;
      SmallVector moved = at.shape;
      moved[j] = unsearched(parameters_[j], place + change);
      loss_(moved, tried_);
      for (std::size_t i = 0; i < n; ++i) slopes_[j * n + i] = (tried_[i] - residuals_[i]) / change;
    }
    for (std::size_t j = 0; j < k; ++j) {
      gradient_[j] = 0.0;
      for (std::size_t i = 0; i < n; ++i) gradient_[j] += slopes_[j * n + i] * residuals_[i];
      for (std::size_t l = 0; l <= j; ++l) {
        double sum = 0.0;
        for (std::size_t i = 0; i < n; ++i) sum += slopes_[j * n + i] * slopes_[l * n + i];
        curvature_[j * kMostParameters + l] = curvature_[l * kMostParameters + j] = sum;
      }
    }
  }
  SmallVector step(const FittedShape& at, double damping) const {
    SmallMatrix damped = curvature_;
    SmallVector move{};
    for (std::size_t j = 0; j < parameters_.size(); ++j) {
      damped[j * kMostParameters + j] += damping * damped[j * kMostParameters + j] + 1e-30;
      move[j] = -gradient_[j];
    }
    SmallVector shape = at.shape;
    if (!solve_small(damped, parameters_.size(), move)) return shape;
    for (std::size_t j = 0; j < parameters_.size(); ++j) {
      shape[j] = unsearched(parameters_[j], searched(parameters_[j], at.shape[j]) + move[j]);
    }
    return shape;
  }

  const std::vector<ShapeParameter>& parameters_;
  Loss& loss_;
  std::vector<double> residuals_;
  std::vector<double> tried_;
  std::vector<double> slopes_;
  SmallMatrix curvature_{};
  SmallVector gradient_{};
};

template <class Loss>
FittedShape improved_shape(const std::vector<ShapeParameter>& parameters, const FittedShape& start,
                           Loss& loss) {
  if (parameters.empty() || !std::isfinite(start.loss)) return start;
  // The search begins at the start and measures its loss anew, so that it never ends higher.
  return parameters.size() == 1 ? improved_line(parameters[0], start, loss)
                                : ShapeDescent<Loss>(parameters, loss).from(start);
}

}  // namespace spurion::analysis::fits
