#include "environments/shared/ceilings/ridge_equivalent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "environments/shared/numerics/normal.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

constexpr double kPrecision = 1e-12;
constexpr int kMostSteps = 200;

double trace_of(const Matrix& a) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < a.rows(); ++i) sum += a(i, i);
  return sum;
}

/// tr(a b)
double trace_of_product(const Matrix& a, const Matrix& b) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j < a.columns(); ++j) sum += a(i, j) * b(j, i);
  }
  return sum;
}

/// Solves a x = b for a small a that need not be symmetric.
Vector linear_solution(Matrix a, Vector b) {
  const std::int64_t size = a.rows();
  const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
  for (std::int64_t k = 0; k < size; ++k) {
    std::int64_t best = k;
    for (std::int64_t i = k + 1; i < size; ++i) {
      if (std::abs(a(i, k)) > std::abs(a(best, k))) best = i;
    }
    for (std::int64_t j = 0; j < size; ++j) std::swap(a(k, j), a(best, j));
    std::swap(b[at(k)], b[at(best)]);
    for (std::int64_t i = k + 1; i < size; ++i) {
      const double factor = a(i, k) / a(k, k);
      for (std::int64_t j = k; j < size; ++j) a(i, j) -= factor * a(k, j);
      b[at(i)] -= factor * b[at(k)];
    }
  }
  for (std::int64_t k = size - 1; k >= 0; --k) {
    for (std::int64_t j = k + 1; j < size; ++j) b[at(k)] -= a(k, j) * b[at(j)];
    b[at(k)] /= a(k, k);
  }
  return b;
}

}  // namespace

RidgeEquivalent::RidgeEquivalent(std::vector<Moments> train, const RidgeFit& fit)
    : train_(std::move(train)),
      l2_(fit.intercept ? fit.l2 * fit.rows / (fit.rows - 1.0) : fit.l2),
      rows_(fit.intercept ? fit.rows - 1.0 : fit.rows) {
  SPURION_CHECK(!train_.empty() && rows_ > 0.0, "a ridge regression has rows");
  SPURION_CHECK(l2_ > 0.0, "the equivalent of a ridge regression needs a ridge");
  solved_ = solve();
  if (!solved_) return;
  for (const Matrix& product_k : products_) {
    sandwiches_.push_back(product(resolvent_, product_k));
  }
  const double share = 1.0 / static_cast<double>(train_.size());
  Vector cross(train_.front().cross.size());
  for (std::size_t k = 0; k < train_.size(); ++k) {
    for (std::size_t i = 0; i < cross.size(); ++i) {
      cross[i] += share * gain_[k] * train_[k].cross[i];
    }
  }
  coefficients_ = product(resolvent_, cross);
  if (!fit.intercept) return;
  for (const Moments& domain : train_) bias_error_ += share * without_bias(domain) / fit.rows;
}

bool RidgeEquivalent::at(const Vector& delta) {
  const std::size_t count = train_.size();
  const double share = 1.0 / static_cast<double>(count);
  const std::int64_t size = train_.front().inputs.rows();
  gain_.clear();
  for (const double one : delta) gain_.push_back(1.0 / (1.0 + one));
  Matrix system = scaled(identity(size), l2_);
  for (std::size_t k = 0; k < count; ++k) {
    system = sum(system, scaled(train_[k].inputs, share * gain_[k]));
  }
  std::optional<Matrix> inverse = symmetric_inverse(std::move(system));
  if (!inverse) return false;
  resolvent_ = std::move(*inverse);
  products_.clear();
  // What all of them come to is known: the last needs no product.
  Matrix rest = sum(identity(size), scaled(resolvent_, -l2_));
  for (std::size_t k = 0; k + 1 < count; ++k) {
    products_.push_back(product(train_[k].inputs, resolvent_));
    rest = sum(rest, scaled(products_.back(), -share * gain_[k]));
  }
  products_.push_back(scaled(rest, 1.0 / (share * gain_.back())));
  overlap_ = Matrix(static_cast<std::int64_t>(count), static_cast<std::int64_t>(count));
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t l = 0; l <= k; ++l) {
      const double value = trace_of_product(products_[k], products_[l]) / rows_;
      overlap_(static_cast<std::int64_t>(k), static_cast<std::int64_t>(l)) = value;
      overlap_(static_cast<std::int64_t>(l), static_cast<std::int64_t>(k)) = value;
    }
  }
  return true;
}

/// Newton's steps from above: tr(S_k Q) / n is increasing and concave in delta, so that they fall
/// to the solution without overshooting.
bool RidgeEquivalent::solve() {
  constexpr double kRounding = 1e-7;
  const std::size_t count = train_.size();
  const double share = 1.0 / static_cast<double>(count);
  delta_.clear();
  for (const Moments& domain : train_) {
    delta_.push_back(trace_of(domain.inputs) / (rows_ * l2_));
  }
  double before = std::numeric_limits<double>::infinity();
  for (int step = 0; step < kMostSteps; ++step) {
    if (!at(delta_)) return false;
    Matrix slope = identity(static_cast<std::int64_t>(count));
    Vector excess;
    for (std::size_t k = 0; k < count; ++k) {
      excess.push_back(delta_[k] - trace_of(products_[k]) / rows_);
      for (std::size_t l = 0; l < count; ++l) {
        const auto row = static_cast<std::int64_t>(k);
        const auto column = static_cast<std::int64_t>(l);
        slope(row, column) -= share * gain_[l] * gain_[l] * overlap_(row, column);
      }
    }
    const Vector change = linear_solution(slope, excess);
    double largest = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
      largest = std::max(largest, std::abs(change[k]) / (1.0 + delta_[k]));
      delta_[k] = std::max(delta_[k] - change[k], 0.0);
    }
    if (!std::isfinite(largest)) return false;
    // Of an ill-conditioned fit rounding may leave changes that do not fall further.
    if (largest <= kPrecision || (largest < kRounding && largest >= before)) return true;
    before = largest;
  }
  return false;
}

double RidgeEquivalent::without_bias(const Moments& where) const {
  const std::size_t count = train_.size();
  const double share = 1.0 / static_cast<double>(count);
  Matrix system = identity(static_cast<std::int64_t>(count));
  Vector right;
  for (std::size_t k = 0; k < count; ++k) {
    right.push_back(trace_of_product(sandwiches_[k], where.inputs) / rows_);
    for (std::size_t l = 0; l < count; ++l) {
      const auto row = static_cast<std::int64_t>(k);
      const auto column = static_cast<std::int64_t>(l);
      system(row, column) -= share * gain_[l] * gain_[l] * overlap_(row, column);
    }
  }
  const Vector noise = linear_solution(std::move(system), std::move(right));
  double error = environments::squared_error(where, coefficients_);
  for (std::size_t k = 0; k < count; ++k) {
    error += share * gain_[k] * gain_[k] * noise[k] *
             environments::squared_error(train_[k], coefficients_);
  }
  return error;
}

double RidgeEquivalent::squared_error(const Moments& where) const {
  return without_bias(where) + bias_error_;
}

Vector RidgeEquivalent::effective_ridge() const {
  Vector out;
  for (const double delta : delta_) out.push_back(l2_ * (1.0 + delta));
  return out;
}

Moments rectified_moments(const Moments& inputs, const Matrix& directions) {
  const std::int64_t width = directions.columns();
  const Matrix turned = transpose(directions);
  const Matrix covariance = product(turned, product(inputs.inputs, directions));
  Vector deviation;
  for (std::int64_t j = 0; j < width; ++j) {
    deviation.push_back(std::sqrt(std::max(covariance(j, j), 0.0)));
  }
  Moments out;
  out.inputs = Matrix(width, width);
  for (std::int64_t i = 0; i < width; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      const double size =
          deviation[static_cast<std::size_t>(i)] * deviation[static_cast<std::size_t>(j)];
      double value = 0.0;
      if (size > 0.0) {
        const double cosine = i == j ? 1.0 : std::min(1.0, std::max(-1.0, covariance(i, j) / size));
        const double angle = std::acos(cosine);
        value = size * (std::sin(angle) + (kPi - angle) * cosine) / (2.0 * kPi);
      }
      out.inputs(i, j) = value;
      out.inputs(j, i) = value;
    }
  }
  out.cross = product(turned, inputs.cross);
  for (double& one : out.cross) one *= 0.5;
  out.target = inputs.target;
  return out;
}

namespace {

constexpr std::int64_t kMostInputs = 1024;
/// Of the mean variance of the inputs: stands for no ridge at all.
constexpr double kLeastRidge = 1e-12;

std::vector<Moments> features_of(const std::vector<Moments>& each, const Matrix& directions) {
  std::vector<Moments> out;
  out.reserve(each.size());
  for (const Moments& one : each) out.push_back(rectified_moments(one, directions));
  return out;
}

Matrix directions_of(const Tensor& values) {
  const Tensor dense = values.contiguous();
  Matrix out(dense.size(0), dense.size(1));
  const float* from = dense.data_ptr<float>();
  for (std::int64_t i = 0; i < out.rows(); ++i) {
    for (std::int64_t j = 0; j < out.columns(); ++j) {
      out(i, j) = static_cast<double>(from[i * out.columns() + j]);
    }
  }
  return out;
}

/// [scores, then the spurious correlation]; empty where the equations were not solved
Vector numbers_of(const RidgeDomains& domains, const RidgeFit& fit) {
  const RidgeEquivalent equivalent(domains.train, fit);
  Vector out;
  if (!equivalent.solved()) return out;
  for (const Moments& where : domains.where) out.push_back(equivalent.squared_error(where));
  if (!domains.spurious_cross.empty()) {
    out.push_back(dot(equivalent.coefficients(), domains.spurious_cross));
  }
  return out;
}

}  // namespace

std::optional<Theory> ridge_theory(const TheoryRequest& request, const RidgeDomains& domains) {
  if (request.fit.kind != KnownFit::Kind::ridge) return {};
  const bool features = request.form == TheoryRequest::Form::fixed_features;
  const std::int64_t inputs =
      features ? request.directions.size(1) : domains.train.front().inputs.rows();
  RidgeFit fit;
  fit.rows = static_cast<double>(request.rows) * static_cast<double>(domains.train.size());
  fit.intercept = !features;
  fit.l2 = request.fit.l2;
  if (inputs > kMostInputs || fit.rows < 4.0) return {};
  RidgeDomains shown = domains;
  if (features) {
    const Matrix directions = directions_of(request.directions);
    shown.train = features_of(domains.train, directions);
    shown.where = features_of(domains.where, directions);
    if (!domains.spurious_cross.empty()) {
      shown.spurious_cross = product(transpose(directions), domains.spurious_cross);
      for (double& one : shown.spurious_cross) one *= 0.5;
    }
  }
  const double mean_square = trace_of(average(shown.train).inputs) /
                             static_cast<double>(std::max<std::int64_t>(inputs, 1));
  const double least = kLeastRidge * mean_square;
  // Least squares has a finite error on clearly more rows than coefficients.
  if (fit.l2 < least) {
    if (fit.rows < static_cast<double>(inputs) + 3.0) return {};
    fit.l2 = least;
  }
  const Vector values = numbers_of(shown, fit);
  // One row fewer, with the same sum of squares.
  fit.l2 *= fit.rows / (fit.rows - 1.0);
  fit.rows -= 1.0;
  const Vector fewer = numbers_of(shown, fit);
  if (values.empty() || fewer.size() != values.size()) return {};
  Theory out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const TheoryNumber number{values[i], 2.0 * std::abs(values[i] - fewer[i])};
    if (i < domains.where.size()) {
      out.scores.push_back(number);
    } else {
      out.spurious_correlation = number;
    }
  }
  return out;
}

}  // namespace spurion::environments
