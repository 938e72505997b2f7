#pragma once

#include <optional>
#include <vector>

#include "environments/shared/ceilings/population_regression.hpp"
#include "spurion/export.hpp"
#include "spurion/theory.hpp"

/// \file
/// Ridge regression on n Gaussian rows, as theory knows it.

namespace spurion::environments {

/// A ridge regression: min (1/n) sum_i (y_i - w' x_i - b)^2 + l2 |w|^2.
struct RidgeFit {
  double l2 = 0.0;
  double rows = 0.0;       ///< n, of all domains together
  bool intercept = false;  ///< whether there is b; else b = 0
};

/// The deterministic equivalent of ridge regression on n rows, of which every one of K domains has
/// n / K. In each domain inputs and target are jointly Gaussian with mean 0. S_k are the second
/// moments of its inputs, c_k those of inputs and target. With tr for the trace,
///
///     Q       = (sum_k g_k S_k / K + l2 I)^-1,   g_k = 1 / (1 + delta_k),
///     delta_k = tr(S_k Q) / n                                   (K equations, solved to 1e-12),
///     E[w]    = Q sum_k g_k c_k / K,
///     a_k(T)  = tr(S_k Q T Q) / n + sum_l tr(S_k Q S_l Q) / n g_l^2 a_l(T) / K,
///     error   = e(T) + sum_k g_k^2 a_k(T) e(S_k) / K.
///
/// T are the second moments where it is tested, and e(.) is the squared error of the fixed
/// coefficients E[w]. The error is the mean over training rows; it is exact up to terms of order
/// 1/n for n and the number of inputs of like size. For one domain this is the known form with the
/// effective ridge parameter tau = l2 (1 + delta) (Dobriban & Wager 2018, Hastie et al. 2022); for
/// several it follows from the resolvent of a sum of K sample covariances.
///
/// An intercept is that of rows minus their mean: n - 1 rows of mean 0, and a bias whose own error
/// is that of the training domains over n.
class SPURION_API RidgeEquivalent {
 public:
  /// Throws `LogicError` without domains or rows, or for an l2 that is not positive.
  RidgeEquivalent(std::vector<Moments> train, const RidgeFit& fit);

  /// Whether the equations were solved; else the fit is too ill-conditioned, and nothing below may
  /// be asked for.
  [[nodiscard]] bool solved() const { return solved_; }
  /// E[w], [D].
  [[nodiscard]] const Vector& coefficients() const { return coefficients_; }
  /// E[(y - w' x - b)^2] over training rows and rows with these moments.
  [[nodiscard]] double squared_error(const Moments& where) const;
  /// tau = l2 (1 + delta) of each domain.
  [[nodiscard]] Vector effective_ridge() const;

 private:
  [[nodiscard]] bool solve();
  /// Q and what follows from it for these delta; false where Q cannot be computed.
  [[nodiscard]] bool at(const Vector& delta);
  [[nodiscard]] double without_bias(const Moments& where) const;

  std::vector<Moments> train_;
  double l2_;    ///< of rows minus their mean
  double rows_;  ///< the same
  double bias_error_ = 0.0;
  bool solved_ = false;
  Vector delta_;
  Vector gain_;                     ///< g_k
  Matrix resolvent_;                ///< Q
  std::vector<Matrix> products_;    ///< S_k Q
  std::vector<Matrix> sandwiches_;  ///< Q S_k Q
  Matrix overlap_;                  ///< [K, K]: tr(S_k Q S_l Q) / n
  Vector coefficients_;
};

/// Moments of the features max(x' W, 0) and the target, for jointly Gaussian inputs and target of
/// mean 0; `directions` [D, N] is W. E[max(u, 0) max(v, 0)] is the arc-cosine kernel (Cho & Saul
/// 2009), E[max(u, 0) y] = E[u y] / 2.
[[nodiscard]] SPURION_API Moments rectified_moments(const Moments& inputs,
                                                    const Matrix& directions);

/// What theory knows of a trial with a squared loss: ridge regression on inputs, or on fixed
/// features, if the moments of each domain say all of it. Empty for other requests, for least
/// squares on too few rows, and for more than 1024 inputs or features. Features are not Gaussian:
/// their moments are taken as if they were. The stated error is twice the change of the prediction
/// for one training row fewer.
struct RidgeDomains {
  std::vector<Moments> train;  ///< of each train domain
  std::vector<Moments> where;  ///< of the domains whose scores are asked for
  /// E[y x] in rows whose causal features are drawn anew, [D]; empty: not asked for.
  Vector spurious_cross = {};
};
[[nodiscard]] SPURION_API std::optional<Theory> ridge_theory(const TheoryRequest& request,
                                                             const RidgeDomains& domains);

}  // namespace spurion::environments
