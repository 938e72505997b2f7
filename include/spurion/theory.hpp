#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "spurion/tensor.hpp"

/// \file
/// Theory: the scores that a trained model must have, computed without training it. Where an
/// environment knows them for a trial, a run stores them beside the ceilings.

namespace spurion {

/// How a method finds the parameters, where theory can follow it.
struct KnownFit {
  /// What it does.
  enum class Kind {
    /// The minimiser of the mean squared error over all training rows plus `l2` times the squared
    /// norm of the weights; biases are free. The labels of two classes are -1 and +1.
    ridge,
    /// Gradient descent on the mean loss over all training rows plus `l2` times the squared norm of
    /// all parameters.
    gradient_descent
  };
  Kind kind = Kind::ridge;  ///< what it does
  double l2 = 0.0;          ///< coefficient of the squared norm
};

/// A trial as theory sees it: a predictor that is linear in the inputs, or in fixed features of
/// them, and how it is fitted. Its training rows are all rows of the train domains, as they come.
struct TheoryRequest {
  /// What the predictor is.
  enum class Form {
    affine,         ///< weights . x + bias
    fixed_features  ///< weights . max(x' directions, 0), without bias
  };
  Form form = Form::affine;    ///< what the predictor is
  Tensor directions = {};      ///< float32 [D, N]; undefined for `affine`
  KnownFit fit = {};           ///< how it is fitted
  std::int64_t rows = 0;       ///< training rows of each train domain
  std::int64_t steps = 0;      ///< full-batch updates, from parameters 0; of gradient descent
  double learning_rate = 0.0;  ///< of all updates; of gradient descent
};

/// A number that theory predicts.
struct TheoryNumber {
  double value = 0.0;  ///< finite
  /// What the theory states as its error: finite, >= 0; 0 where the number is exact.
  double error = 0.0;
};

/// What theory predicts of a trial: its mean over draws of the training rows, or what it tends to
/// with many rows. The card of the environment says which; `error` covers the difference.
struct Theory {
  std::vector<TheoryNumber> scores;  ///< in each of the domains that were asked for
  /// The covariance of the output with the target over rows whose causal features are drawn anew
  /// (Bombari & Mondelli 2025, arXiv:2502.01347); empty where it is not known.
  std::optional<TheoryNumber> spurious_correlation;
  /// Whether an environment of the same options and another data seed predicts the same, so that it
  /// need not be asked. default: false.
  bool same_for_all_seeds = false;
};

}  // namespace spurion
