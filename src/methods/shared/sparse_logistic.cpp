#include "methods/shared/sparse_logistic.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace spurion::methods {

namespace {

constexpr int kNewtonSteps = 100;
constexpr int kSweeps = 100;
constexpr double kPromise = 1e-9;  // of the objective

double log1p_exp(double z) { return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))); }

double soft(double value, double threshold) {
  return value > threshold ? value - threshold : value < -threshold ? value + threshold : 0.0;
}

/// One problem: where it is, and its quadratic model there.
class Newton {
 public:
  Newton(const LogisticRows& rows, double c, const LogisticFit& start)
      : rows_(rows), c_(c), n_(rows.count()), fit_(start) {
    fit_.weights.resize(static_cast<std::size_t>(rows.features), 0.0);
    z_ = predictions(fit_);
  }

  LogisticSolution solve() {
    double objective = objective_at(fit_, z_);
    for (int step = 0; step < kNewtonSteps; ++step) {
      expand();
      descend();
      const double promise = promised();
      if (!(promise < -kPromise * std::max(objective, 1.0))) break;
      if (!move(objective, promise)) break;
    }
    return {fit_, flops_};
  }

 private:
  [[nodiscard]] const double* column(std::int64_t f) const { return rows_.x.data() + f * n_; }
  [[nodiscard]] static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

  [[nodiscard]] std::vector<double> predictions(const LogisticFit& fit) const {
    std::vector<double> z(at(n_), fit.bias);
    for (std::int64_t f = 0; f < rows_.features; ++f) {
      const double weight = fit.weights[at(f)];
      if (weight == 0.0) continue;
      const double* x = column(f);
      for (std::int64_t i = 0; i < n_; ++i) z[at(i)] += weight * x[i];
    }
    return z;
  }

  [[nodiscard]] double objective_at(const LogisticFit& fit, const std::vector<double>& z) const {
    double sum = 0.0;
    for (std::int64_t i = 0; i < n_; ++i)
      sum += log1p_exp(z[at(i)]) - rows_.label[at(i)] * z[at(i)];
    double norm = 0.0;
    for (const double weight : fit.weights) norm += std::abs(weight);
    return norm + c_ * sum;
  }

  /// First and second derivatives by each prediction.
  void expand() {
    slope_.resize(at(n_));
    curve_.resize(at(n_));
    for (std::int64_t i = 0; i < n_; ++i) {
      const double p = 1.0 / (1.0 + std::exp(-z_[at(i)]));
      slope_[at(i)] = p - rows_.label[at(i)];
      curve_[at(i)] = std::max(p * (1.0 - p), 1e-10);
    }
    flops_ += 12.0 * static_cast<double>(n_);
    diagonal_.assign(at(rows_.features), 0.0);
    for (std::int64_t f = 0; f < rows_.features; ++f) {
      const double* x = column(f);
      double sum = 0.0;
      for (std::int64_t i = 0; i < n_; ++i) sum += curve_[at(i)] * x[i] * x[i];
      diagonal_[at(f)] = c_ * sum + 1e-12;
    }
    flops_ += 3.0 * static_cast<double>(n_ * rows_.features);
    curvature_ = c_ * std::accumulate(curve_.begin(), curve_.end(), 0.0) + 1e-12;
  }

  /// Minimises the quadratic model: first over all weights, then mostly over those that are not 0.
  void descend() {
    next_ = fit_;
    change_.assign(at(n_), 0.0);
    double first = 0.0;
    bool all = true;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      double most = move_bias();
      for (std::int64_t f = 0; f < rows_.features; ++f) {
        if (!all && next_.weights[at(f)] == 0.0) continue;
        most = std::max(most, move_weight(f));
      }
      if (sweep == 0) first = most;
      if (most > 1e-10 * first) {
        all = sweep % 10 == 9;
        continue;
      }
      if (all) break;
      all = true;
    }
  }

  /// The decrease of the model, about.
  double move_weight(std::int64_t f) {
    const double* x = column(f);
    double gradient = 0.0;
    for (std::int64_t i = 0; i < n_; ++i) {
      gradient += (slope_[at(i)] + curve_[at(i)] * change_[at(i)]) * x[i];
    }
    flops_ += 4.0 * static_cast<double>(n_);
    const double old = next_.weights[at(f)];
    const double step = 1.0 / diagonal_[at(f)];
    const double now = soft(old - step * c_ * gradient, step);
    if (now == old) return 0.0;
    next_.weights[at(f)] = now;
    for (std::int64_t i = 0; i < n_; ++i) change_[at(i)] += (now - old) * x[i];
    flops_ += 2.0 * static_cast<double>(n_);
    return diagonal_[at(f)] * (now - old) * (now - old);
  }

  double move_bias() {
    double gradient = 0.0;
    for (std::int64_t i = 0; i < n_; ++i)
      gradient += slope_[at(i)] + curve_[at(i)] * change_[at(i)];
    const double by = -c_ * gradient / curvature_;
    next_.bias += by;
    for (double& change : change_) change += by;
    flops_ += 4.0 * static_cast<double>(n_);
    return curvature_ * by * by;
  }

  /// The change of the objective that the model promises, without its curvature; at most 0.
  [[nodiscard]] double promised() const {
    double sum = 0.0;
    for (std::int64_t i = 0; i < n_; ++i) sum += slope_[at(i)] * change_[at(i)];
    double norm = 0.0;
    for (std::size_t f = 0; f < next_.weights.size(); ++f) {
      norm += std::abs(next_.weights[f]) - std::abs(fit_.weights[f]);
    }
    return c_ * sum + norm;
  }

  /// Goes as far towards the model's minimum as the objective falls with it; whether it did.
  bool move(double& objective, double promise) {
    double share = 1.0;
    for (int attempt = 0; attempt < 30; ++attempt, share *= 0.5) {
      LogisticFit there = next_;
      for (std::size_t f = 0; f < there.weights.size(); ++f) {
        there.weights[f] = fit_.weights[f] + share * (next_.weights[f] - fit_.weights[f]);
      }
      there.bias = fit_.bias + share * (next_.bias - fit_.bias);
      std::vector<double> z = z_;
      for (std::int64_t i = 0; i < n_; ++i) z[at(i)] += share * change_[at(i)];
      flops_ += 12.0 * static_cast<double>(n_);
      const double value = objective_at(there, z);
      if (!(value <= objective + 0.01 * share * promise)) continue;
      fit_ = there;
      z_ = z;
      objective = value;
      return true;
    }
    return false;
  }

  const LogisticRows& rows_;
  double c_;
  std::int64_t n_;
  LogisticFit fit_;
  LogisticFit next_;
  std::vector<double> z_;         // [n]: predictions of `fit_`
  std::vector<double> change_;    // [n]: of the predictions, from `fit_` to `next_`
  std::vector<double> slope_;     // [n]
  std::vector<double> curve_;     // [n]
  std::vector<double> diagonal_;  // [F]
  double curvature_ = 0.0;
  double flops_ = 0.0;
};

}  // namespace

LogisticSolution sparse_logistic(const LogisticRows& rows, double c, const LogisticFit& start) {
  return Newton(rows, c, start).solve();
}

}  // namespace spurion::methods
