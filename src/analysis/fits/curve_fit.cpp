#include "analysis/fits/curve_fit.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unsupported/Eigen/NonLinearOptimization>
#include <unsupported/Eigen/NumericalDiff>
#include <utility>

#include "spurion/error.hpp"

namespace spurion::analysis::fits {

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// How many places of the grid are improved.
constexpr std::size_t kImproved = 6;

std::size_t place(Index index) { return static_cast<std::size_t>(index); }

/// The linear least squares problem that a shape leaves, by QR: normal equations would lose half of
/// the digits.
class Projection {
 public:
  Projection(const CurveFamily& family, std::vector<std::vector<double>> logs,
             const std::vector<Observation>& observations)
      : family_(family), log_scales_(std::move(logs)) {
    const auto rows = static_cast<Index>(observations.size());
    values_.resize(rows);
    weights_.resize(rows);
    for (Index i = 0; i < rows; ++i) {
      weights_[i] = 1.0 / observations[place(i)].deviation;
      values_[i] = observations[place(i)].value * weights_[i];
    }
    columns_.resize(rows, static_cast<Index>(family.linear.size()));
  }

  /// Sets the linear parameters to the best for this shape; returns the loss.
  double solve(const double* shape) {
    std::array<double, kMostParameters> terms{};
    for (Index i = 0; i < columns_.rows(); ++i) {
      family_.terms(shape, log_scales_[place(i)].data(), terms.data());
      for (Index j = 0; j < columns_.cols(); ++j) columns_(i, j) = terms[place(j)] * weights_[i];
    }
    linear_ = VectorXd::Zero(columns_.cols());
    loss_ = std::numeric_limits<double>::infinity();
    if (!columns_.allFinite()) return loss_;
    target_ = values_;
    std::vector<Index> free;
    for (Index j = 0; j < columns_.cols(); ++j) {
      const auto& held = family_.linear[place(j)].held;
      if (held) {
        target_ -= *held * columns_.col(j);
      } else {
        free.push_back(j);
      }
    }
    if (!take(free)) {
      // The optimum under the signs is the best of all choices of parameters that are 0.
      for (unsigned chosen = 0; chosen + 1 < (1U << free.size()); ++chosen) {
        std::vector<Index> some;
        for (std::size_t i = 0; i < free.size(); ++i) {
          if ((chosen >> i & 1U) != 0U) some.push_back(free[i]);
        }
        take(some);
      }
    }
    return loss_;
  }
  [[nodiscard]] VectorXd residuals() const {
    if (!std::isfinite(loss_)) return VectorXd::Constant(values_.size(), 1e100);
    return target_ - columns_ * linear_;
  }
  /// With those that are held.
  [[nodiscard]] std::array<double, kMostParameters> linear() const {
    std::array<double, kMostParameters> out{};
    for (Index j = 0; j < linear_.size(); ++j) {
      out[place(j)] = family_.linear[place(j)].held.value_or(linear_[j]);
    }
    return out;
  }
  [[nodiscard]] Index rows() const { return values_.size(); }

 private:
  /// Least squares over these columns; takes the solution if its signs are allowed and it is
  /// better. Returns whether the signs are allowed.
  bool take(const std::vector<Index>& free) {
    MatrixXd some(columns_.rows(), static_cast<Index>(free.size()));
    for (std::size_t i = 0; i < free.size(); ++i) {
      some.col(static_cast<Index>(i)) = columns_.col(free[i]);
    }
    VectorXd solution(some.cols());
    if (some.cols() > 0) solution = some.colPivHouseholderQr().solve(target_);
    for (std::size_t i = 0; i < free.size(); ++i) {
      const bool bound = family_.linear[place(free[i])].nonnegative;
      if (bound && solution[static_cast<Index>(i)] < 0.0) return false;
    }
    const double loss = (target_ - some * solution).squaredNorm();
    if (loss < loss_) {
      loss_ = loss;
      linear_.setZero();
      for (std::size_t i = 0; i < free.size(); ++i) {
        linear_[free[i]] = solution[static_cast<Index>(i)];
      }
    }
    return true;
  }

  const CurveFamily& family_;
  std::vector<std::vector<double>> log_scales_;
  VectorXd values_;
  VectorXd weights_;
  VectorXd target_;
  MatrixXd columns_;
  VectorXd linear_;
  double loss_ = 0.0;
};

/// A shape within its bounds, as angles that are free: value = middle + half * sin(angle).
struct Angles {
  const std::vector<ShapeParameter>& bounds;

  [[nodiscard]] std::array<double, kMostParameters> shape(const VectorXd& angle) const {
    std::array<double, kMostParameters> out{};
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      const double middle = 0.5 * (bounds[i].low + bounds[i].high);
      const double half = 0.5 * (bounds[i].high - bounds[i].low);
      out[i] = middle + half * std::sin(angle[static_cast<Index>(i)]);
    }
    return out;
  }
  /// A little inside the bounds, where the sine has a slope.
  [[nodiscard]] VectorXd of(const std::array<double, kMostParameters>& shape) const {
    VectorXd out(static_cast<Index>(bounds.size()));
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      const double middle = 0.5 * (bounds[i].low + bounds[i].high);
      const double half = 0.5 * (bounds[i].high - bounds[i].low);
      out[static_cast<Index>(i)] =
          std::asin(std::clamp((shape[i] - middle) / half, -0.9999, 0.9999));
    }
    return out;
  }
};

/// Residuals as Eigen's solver asks for them.
struct Residuals {
  using Scalar = double;
  using InputType = VectorXd;
  using ValueType = VectorXd;
  using JacobianType = MatrixXd;
  enum { InputsAtCompileTime = Eigen::Dynamic, ValuesAtCompileTime = Eigen::Dynamic };

  Projection* projection;
  Angles angles;

  [[nodiscard]] int inputs() const { return static_cast<int>(angles.bounds.size()); }
  [[nodiscard]] int values() const { return static_cast<int>(projection->rows()); }
  int operator()(const VectorXd& angle, VectorXd& out) const {
    projection->solve(angles.shape(angle).data());
    out = projection->residuals();
    return 0;
  }
};

FittedShape polished(const std::vector<ShapeParameter>& bounds, Projection& projection,
                     const FittedShape& from) {
  const Angles angles{bounds};
  Residuals residuals{&projection, angles};
  Eigen::NumericalDiff<Residuals, Eigen::Central> differences(residuals);
  Eigen::LevenbergMarquardt<Eigen::NumericalDiff<Residuals, Eigen::Central>> solver(differences);
  solver.parameters.ftol = 1e-12;
  solver.parameters.xtol = 1e-12;
  solver.parameters.maxfev = 200;
  VectorXd angle = angles.of(from.shape);
  solver.minimize(angle);
  FittedShape best{projection.solve(from.shape.data()), from.shape, projection.linear()};
  const std::array<double, kMostParameters> shape = angles.shape(angle);
  const double loss = projection.solve(shape.data());
  if (loss < best.loss) best = {loss, shape, projection.linear()};
  return best;
}

void check_observations(const CurveFamily& family, const std::vector<Observation>& observations) {
  if (observations.size() < family.free() || observations.empty()) {
    throw UsageError(fmt::format("{} places are too few for the {} parameters of '{}'",
                                 observations.size(), family.free(), family.formula));
  }
  for (const Observation& seen : observations) {
    const bool positive = std::all_of(seen.scale.begin(), seen.scale.end(),
                                      [](double one) { return one > 0.0 && std::isfinite(one); });
    if (!positive || !(seen.deviation > 0.0) || !std::isfinite(seen.value) ||
        seen.scale.size() != observations.front().scale.size()) {
      throw UsageError("a fit needs finite values, and scales and deviations above 0");
    }
  }
}

}  // namespace

std::vector<double> reference_scales(const std::vector<Observation>& observations) {
  std::vector<double> out;
  for (std::size_t axis = 0; axis < observations.front().scale.size(); ++axis) {
    double sum = 0.0;
    for (const Observation& seen : observations) sum += std::log(seen.scale[axis]);
    out.push_back(std::exp(sum / static_cast<double>(observations.size())));
  }
  return out;
}

std::vector<std::vector<double>> log_scales(const std::vector<Observation>& observations,
                                            const std::vector<double>& reference) {
  std::vector<std::vector<double>> out;
  for (const Observation& seen : observations) {
    std::vector<double> logs;
    for (std::size_t axis = 0; axis < reference.size(); ++axis) {
      logs.push_back(std::log(seen.scale[axis] / reference[axis]));
    }
    out.push_back(std::move(logs));
  }
  return out;
}

double CurveFit::at(const std::vector<double>& scale) const {
  std::array<double, kMostParameters> logs{};
  for (std::size_t i = 0; i < reference.size(); ++i) logs[i] = std::log(scale[i] / reference[i]);
  return family.at(fit.shape.data(), fit.linear.data(), logs.data());
}

std::vector<LawParameter> CurveFit::parameters() const {
  std::vector<LawParameter> out;
  for (std::size_t i = 0; i < family.shape.size(); ++i) {
    const std::string& name = family.shape[i].name;
    double value = fit.shape[i];
    if (name == "N_0" || name == "d") value = reference.front() * std::exp(value);
    if (name == "f") value = std::exp(value);
    out.push_back({name, value});
  }
  for (std::size_t j = 0; j < family.linear.size(); ++j) {
    if (family.linear[j].held && family.linear[j].name == "g_inf") continue;
    double value = fit.linear[j];
    const std::string& name = family.linear[j].name;
    if (name == "a") value *= std::pow(reference.front(), fit.shape[0]);
    const bool joint = family.kind == LawFamily::joint || family.kind == LawFamily::joint_closing;
    if (joint && j < reference.size()) value *= std::pow(reference[j], fit.shape[j]);
    out.push_back({name, value});
  }
  return out;
}

CurveFit fit_curve(const CurveFamily& family, const std::vector<Observation>& observations) {
  check_observations(family, observations);
  CurveFit out{family, reference_scales(observations), {}};
  const std::vector<std::vector<double>> logs = log_scales(observations, out.reference);
  std::vector<double> values;
  std::vector<double> deviations;
  for (const Observation& seen : observations) {
    values.push_back(seen.value);
    deviations.push_back(seen.deviation);
  }
  Projection projection(out.family, logs, observations);
  out.fit.loss = std::numeric_limits<double>::infinity();
  const RepeatedFit grid(family, logs, deviations);
  for (const FittedShape& start : grid.starts(values, kImproved)) {
    FittedShape tried = start;
    if (family.shape.empty()) {
      tried.loss = projection.solve(start.shape.data());
      tried.linear = projection.linear();
    } else {
      tried = polished(family.shape, projection, start);
    }
    if (tried.loss < out.fit.loss) out.fit = tried;
  }
  return out;
}

}  // namespace spurion::analysis::fits
