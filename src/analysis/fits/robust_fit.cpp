// Huber's loss of logarithms (Huber 1964; Hoffmann et al. 2022, approach 3).
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <vector>

#include "analysis/fits/curve_fit.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis::fits {

namespace {

/// All free parameters of a family together: shapes, then logarithms of factors that are above 0,
/// as the loss is of logarithms.
class RobustSearch {
 public:
  RobustSearch(const CurveFit& start, const std::vector<Observation>& observations, double delta)
      : family_(start.family), delta_(delta), logs_(log_scales(observations, start.reference)) {
    for (const Observation& seen : observations) {
      if (!(seen.value > 0.0)) throw UsageError("a robust fit of logarithms needs values above 0");
      targets_.push_back(std::log(seen.value));
    }
    for (std::size_t j = 0; j < family_.linear.size(); ++j) {
      // What is 0 stays 0.
      if (!family_.linear[j].held && start.fit.linear[j] > 0.0) free_.push_back(j);
    }
  }

  FittedShape from(FittedShape at) const {
    at.loss = loss(at);
    double damping = 1e-3;
    for (int i = 0; i < 500; ++i) {
      const double before = at.loss;
      const auto [curvature, gradient] = differentiate(at);
      for (int tries = 0; tries < 12; ++tries) {
        Eigen::MatrixXd damped = curvature;
        damped.diagonal() *= 1.0 + damping;
        const Eigen::VectorXd move = -damped.ldlt().solve(gradient);
        FittedShape tried = moved(at, move);
        tried.loss = loss(tried);
        if (tried.loss < at.loss) {
          at = tried;
          damping = std::max(1e-9, 0.2 * damping);
          break;
        }
        damping *= 5.0;
      }
      if (!(at.loss < before * (1.0 - 1e-13))) break;
    }
    return at;
  }

 private:
  [[nodiscard]] double residual(const FittedShape& at, std::size_t i) const {
    const double curve = family_.at(at.shape.data(), at.linear.data(), logs_[i].data());
    return std::log(std::max(curve, 1e-300)) - targets_[i];
  }
  [[nodiscard]] double loss(const FittedShape& at) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const double r = std::abs(residual(at, i));
      sum += r <= delta_ ? 0.5 * r * r : delta_ * (r - 0.5 * delta_);
    }
    return sum;
  }
  [[nodiscard]] FittedShape moved(FittedShape at, const Eigen::VectorXd& move) const {
    Eigen::Index next = 0;
    for (std::size_t k = 0; k < family_.shape.size(); ++k) {
      at.shape[k] =
          std::clamp(at.shape[k] + move[next++], family_.shape[k].low, family_.shape[k].high);
    }
    for (const std::size_t j : free_) at.linear[j] *= std::exp(std::clamp(move[next++], -2.0, 2.0));
    return at;
  }
  /// Of iteratively reweighted least squares: Huber's weights are min(1, delta / |r|).
  [[nodiscard]] std::pair<Eigen::MatrixXd, Eigen::VectorXd> differentiate(
      const FittedShape& at) const {
    const auto count = static_cast<Eigen::Index>(family_.shape.size() + free_.size());
    const auto rows = static_cast<Eigen::Index>(targets_.size());
    Eigen::MatrixXd slopes(rows, count);
    Eigen::VectorXd residuals(rows);
    Eigen::VectorXd weights(rows);
    constexpr double kStep = 1e-6;
    for (Eigen::Index i = 0; i < rows; ++i) {
      residuals[i] = residual(at, static_cast<std::size_t>(i));
      weights[i] = std::min(1.0, delta_ / std::max(std::abs(residuals[i]), 1e-300));
    }
    for (Eigen::Index j = 0; j < count; ++j) {
      Eigen::VectorXd move = Eigen::VectorXd::Zero(count);
      move[j] = kStep;
      const FittedShape up = moved(at, move);
      const FittedShape down = moved(at, -move);
      for (Eigen::Index i = 0; i < rows; ++i) {
        const auto row = static_cast<std::size_t>(i);
        slopes(i, j) = (residual(up, row) - residual(down, row)) / (2.0 * kStep);
      }
    }
    const Eigen::MatrixXd weighted = weights.asDiagonal() * slopes;
    return {slopes.transpose() * weighted, weighted.transpose() * residuals};
  }

  const CurveFamily& family_;
  double delta_;
  std::vector<std::vector<double>> logs_;
  std::vector<double> targets_;
  std::vector<std::size_t> free_;
};

}  // namespace

CurveFit fit_robust(const CurveFamily& family, const std::vector<Observation>& observations,
                    double delta) {
  std::vector<Observation> relative = observations;
  for (Observation& seen : relative) seen.deviation = std::abs(seen.value);
  CurveFit out = fit_curve(family, relative);
  out.fit = RobustSearch(out, observations, delta).from(out.fit);
  return out;
}

}  // namespace spurion::analysis::fits
