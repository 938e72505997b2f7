#include "analysis/fits/repeated_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "analysis/fits/shape_search.hpp"
#include "analysis/fits/small_least_squares.hpp"

namespace spurion::analysis::fits {

RepeatedFit::RepeatedFit(CurveFamily family, std::vector<std::vector<double>> log_scales,
                         const std::vector<double>& deviations)
    : family_(std::move(family)), log_scales_(std::move(log_scales)) {
  for (const double deviation : deviations) weights_.push_back(1.0 / deviation);
  for (const ShapeParameter& parameter : family_.shape) places_ *= parameter.grid;
  const std::size_t p = family_.linear.size();
  const std::size_t n = weights_.size();
  shapes_.resize(places_);
  terms_.resize(places_ * p * n);
  gram_.resize(places_ * p * p);
  for (std::size_t place = 0; place < places_; ++place) {
    for (std::size_t axis = 0; axis < family_.shape.size(); ++axis) {
      shapes_[place][axis] = family_.shape[axis].place(index_on_grid(place, axis));
    }
    double* terms = &terms_[place * p * n];
    terms_at(shapes_[place].data(), terms);
    for (std::size_t j = 0; j < p; ++j) {
      for (std::size_t k = 0; k < p; ++k) {
        double sum = 0.0;
        for (std::size_t i = 0; i < n; ++i) sum += terms[j * n + i] * terms[k * n + i];
        gram_[(place * p + j) * p + k] = sum;
      }
    }
  }
}

std::size_t RepeatedFit::index_on_grid(std::size_t place, std::size_t axis) const {
  for (std::size_t i = 0; i < axis; ++i) place /= family_.shape[i].grid;
  return place % family_.shape[axis].grid;
}

void RepeatedFit::terms_at(const double* shape, double* terms) const {
  std::array<double, kMostParameters> one{};
  const std::size_t n = weights_.size();
  for (std::size_t i = 0; i < n; ++i) {
    family_.terms(shape, log_scales_[i].data(), one.data());
    for (std::size_t j = 0; j < family_.linear.size(); ++j) terms[j * n + i] = one[j] * weights_[i];
  }
}

std::vector<std::optional<double>> RepeatedFit::holds(const std::optional<Held>& held) const {
  std::vector<std::optional<double>> out;
  for (const LinearParameter& parameter : family_.linear) out.push_back(parameter.held);
  if (held) out[held->linear] = held->value;
  return out;
}

namespace {

/// The products of weighted terms with weighted values.
void set_moments(const double* terms, const std::vector<double>& weighted,
                 NormalEquations& normal) {
  const std::size_t n = weighted.size();
  for (std::size_t j = 0; j < normal.size; ++j) {
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += terms[j * n + i] * weighted[i];
    normal.moment[j] = sum;
  }
}

double sum_of_squares(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value * value;
  return sum;
}

}  // namespace

FittedShape RepeatedFit::best_of_grid(const std::vector<double>& weighted,
                                      const std::vector<std::optional<double>>& holds,
                                      std::vector<double>* losses) const {
  const std::size_t p = family_.linear.size();
  const std::size_t n = weights_.size();
  NormalEquations normal;
  normal.size = p;
  normal.square = sum_of_squares(weighted);
  FittedShape best;
  best.loss = std::numeric_limits<double>::infinity();
  for (std::size_t place = 0; place < places_; ++place) {
    for (std::size_t j = 0; j < p; ++j) {
      for (std::size_t k = 0; k < p; ++k) {
        normal.gram[j * kMostParameters + k] = gram_[(place * p + j) * p + k];
      }
    }
    set_moments(&terms_[place * p * n], weighted, normal);
    const LinearSolution solution = solve_signed(normal, family_.linear, holds);
    if (losses != nullptr) (*losses)[place] = solution.loss;
    if (solution.loss < best.loss) best = {solution.loss, shapes_[place], solution.x};
  }
  return best;
}

/// Losses and residuals of any shape.
struct RepeatedFit::Search {
  const RepeatedFit& fit;
  const std::vector<double>& weighted;
  const std::vector<std::optional<double>>& holds;
  std::vector<double> terms;

  /// Writes the residuals; the loss is their sum of squares, which loses no digits.
  FittedShape operator()(const SmallVector& shape, std::vector<double>& residuals) {
    const std::size_t p = fit.family_.linear.size();
    const std::size_t n = weighted.size();
    terms.resize(p * n);
    fit.terms_at(shape.data(), terms.data());
    NormalEquations normal;
    normal.size = p;
    normal.square = sum_of_squares(weighted);
    set_moments(terms.data(), weighted, normal);
    for (std::size_t j = 0; j < p; ++j) {
      for (std::size_t k = 0; k <= j; ++k) {
        double sum = 0.0;
        for (std::size_t i = 0; i < n; ++i) sum += terms[j * n + i] * terms[k * n + i];
        normal.gram[j * kMostParameters + k] = normal.gram[k * kMostParameters + j] = sum;
      }
    }
    const LinearSolution solution = solve_signed(normal, fit.family_.linear, holds);
    residuals.assign(weighted.begin(), weighted.end());
    for (std::size_t j = 0; j < p; ++j) {
      for (std::size_t i = 0; i < n; ++i) residuals[i] -= solution.x[j] * terms[j * n + i];
    }
    const double loss = std::isfinite(solution.loss) ? sum_of_squares(residuals)
                                                     : std::numeric_limits<double>::infinity();
    return {loss, shape, solution.x};
  }
};

FittedShape RepeatedFit::fit(const std::vector<double>& values,
                             const std::optional<Held>& held) const {
  std::vector<double> weighted(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) weighted[i] = values[i] * weights_[i];
  const std::vector<std::optional<double>> held_values = holds(held);
  Search search{*this, weighted, held_values, {}};
  const FittedShape start = best_of_grid(weighted, held_values, nullptr);
  return improved_shape(family_.shape, start, search);
}

FittedShape RepeatedFit::at_shape(const SmallVector& shape, const std::vector<double>& values,
                                  const std::optional<Held>& held) const {
  std::vector<double> weighted(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) weighted[i] = values[i] * weights_[i];
  const std::vector<std::optional<double>> held_values = holds(held);
  Search search{*this, weighted, held_values, {}};
  std::vector<double> residuals;
  return search(shape, residuals);
}

std::vector<FittedShape> RepeatedFit::starts(const std::vector<double>& values,
                                             std::size_t count) const {
  std::vector<double> weighted(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) weighted[i] = values[i] * weights_[i];
  std::vector<double> losses(places_);
  static_cast<void>(best_of_grid(weighted, holds(std::nullopt), &losses));
  std::vector<std::size_t> minima;
  for (std::size_t place = 0; place < places_; ++place) {
    bool least = true;
    std::size_t stride = 1;
    for (std::size_t axis = 0; axis < family_.shape.size() && least; ++axis) {
      const std::size_t index = index_on_grid(place, axis);
      if (index > 0 && losses[place - stride] < losses[place]) least = false;
      if (index + 1 < family_.shape[axis].grid && losses[place + stride] < losses[place]) {
        least = false;
      }
      stride *= family_.shape[axis].grid;
    }
    if (least) minima.push_back(place);
  }
  std::stable_sort(minima.begin(), minima.end(),
                   [&](std::size_t a, std::size_t b) { return losses[a] < losses[b]; });
  if (minima.size() > count) minima.resize(count);
  std::vector<FittedShape> out;
  for (const std::size_t place : minima) out.push_back(at_shape(shapes_[place], values));
  return out;
}

std::vector<double> RepeatedFit::curve(const FittedShape& fit) const {
  std::vector<double> out;
  for (const std::vector<double>& logs : log_scales_) {
    out.push_back(family_.at(fit.shape.data(), fit.linear.data(), logs.data()));
  }
  return out;
}

}  // namespace spurion::analysis::fits
