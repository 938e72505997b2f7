#include "environments/gaussian_mixture_regression.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace spurion::environments {
namespace {

/// A part with what its density and its conditional mean need.
struct Expert {
  explicit Expert(const GaussianPart& part) : weight(part.weight) {
    const Cholesky cholesky(part.moments.inputs);
    const std::int64_t size = part.moments.inputs.rows();
    factor = cholesky.lower();
    coefficients = cholesky.solve(part.moments.cross);
    variance = residual_variance(part.moments);
    log_scale = std::log(part.weight) - 0.5 * cholesky.log_determinant();
    // L^-1 column by column, for it is applied many times.
    inverse = Matrix(size, size);
    for (std::int64_t j = 0; j < size; ++j) {
      Vector unit(static_cast<std::size_t>(size));
      unit[static_cast<std::size_t>(j)] = 1.0;
      const Vector column = cholesky.whiten(unit);
      for (std::int64_t i = j; i < size; ++i) inverse(i, j) = column[static_cast<std::size_t>(i)];
    }
  }

  /// log(weight * density), but for a constant that all parts share.
  [[nodiscard]] double log_density(const Vector& x) const {
    double square = 0.0;
    for (std::int64_t i = 0; i < inverse.rows(); ++i) {
      const double white =
          std::inner_product(inverse.row(i), inverse.row(i) + i + 1, x.begin(), 0.0);
      square += white * white;
    }
    return log_scale - 0.5 * square;
  }

  /// What white noise looks like when this part makes it.
  void colour(const Vector& white, Vector& x) const {
    for (std::int64_t i = 0; i < factor.rows(); ++i) {
      x[static_cast<std::size_t>(i)] =
          std::inner_product(factor.row(i), factor.row(i) + i + 1, white.begin(), 0.0);
    }
  }

  double weight;
  Matrix factor;   ///< L of the inputs' covariance L L'
  Matrix inverse;  ///< L^-1
  Vector coefficients;
  double variance = 0.0;
  double log_scale = 0.0;
};

/// Variance of the parts' conditional means under the posterior at x.
double disagreement(const std::vector<Expert>& experts, const Vector& x, Vector& log_density) {
  log_density.clear();
  for (const Expert& expert : experts) log_density.push_back(expert.log_density(x));
  const double top = *std::max_element(log_density.begin(), log_density.end());
  double total = 0.0;
  double first = 0.0;
  double second = 0.0;
  // Means are taken relative to one of them: less is lost when they hardly differ.
  const double origin = dot(experts.front().coefficients, x);
  for (std::size_t c = 0; c < experts.size(); ++c) {
    constexpr double kNothing = -40.0;  // below rounding error beside the largest
    if (log_density[c] - top < kNothing) continue;
    const double posterior = std::exp(log_density[c] - top);
    const double mean = dot(experts[c].coefficients, x) - origin;
    total += posterior;
    first += posterior * mean;
    second += posterior * mean * mean;
  }
  first /= total;
  return std::max(0.0, second / total - first * first);
}

/// Draws for each part: enough for a bound of about a per cent in ten dimensions, fewer where a
/// draw costs more.
std::int64_t draw_count(const std::vector<Expert>& experts) {
  constexpr double kOperations = 3e7;
  constexpr double kFewest = 500.0;
  constexpr double kMost = 20000.0;
  const auto size = static_cast<double>(experts.front().coefficients.size());
  const auto count = static_cast<double>(experts.size());
  return static_cast<std::int64_t>(
      std::clamp(kOperations / (count * count * size * size), kFewest, kMost));
}

}  // namespace

Ceiling mixture_bayes_error(const std::vector<GaussianPart>& parts, const StreamKey& key) {
  std::vector<Expert> experts;
  for (const GaussianPart& part : parts) {
    if (part.weight > 0.0) experts.emplace_back(part);
  }
  double within = 0.0;
  for (const Expert& expert : experts) within += expert.weight * expert.variance;
  if (experts.size() == 1) return {within, Exactness::closed_form, 0.0};

  const Stream noise(key);
  const auto size = static_cast<std::int64_t>(experts.front().coefficients.size());
  const std::int64_t draws = draw_count(experts);
  Vector white(static_cast<std::size_t>(size));
  Vector x(white.size());
  Vector scratch;
  double mean = 0.0;
  double square = 0.0;
  for (std::int64_t draw = 0; draw < draws; ++draw) {
    for (std::int64_t lane = 0; lane < size; ++lane) {
      white[static_cast<std::size_t>(lane)] = noise.normal(draw, lane);
    }
    // The same noise goes through every part, so one draw gives one term of the average.
    double value = 0.0;
    for (const Expert& expert : experts) {
      expert.colour(white, x);
      value += expert.weight * disagreement(experts, x, scratch);
    }
    // Welford's update.
    const double before = value - mean;
    mean += before / static_cast<double>(draw + 1);
    square += before * (value - mean);
  }
  const auto count = static_cast<double>(draws);
  const double standard_error = std::sqrt(square / (count - 1.0) / count);
  return {within + mean, Exactness::empirical, 5.0 * standard_error};
}

}  // namespace spurion::environments
