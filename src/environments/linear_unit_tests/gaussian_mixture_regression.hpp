#pragma once

#include <vector>

#include "environments/shared/ceilings/population_regression.hpp"
#include "spurion/environment.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

/// One part of a mixture of jointly Gaussian inputs and target, all with mean zero.
struct GaussianPart {
  double weight = 0.0;
  Moments moments;
};

/// The least mean squared error of any predictor that sees the inputs but not which part they came
/// from: E[Var(y | x)]. Parts with weight 0 are left out; one part alone gives a closed form.
///
/// With p_c(x) the posterior of part c, m_c(x) its conditional mean and v_c its conditional
/// variance, Var(y | x) = sum_c p_c v_c + sum_c p_c (m_c - m)^2. The first term averages to the
/// known sum_c weight_c v_c; only the second is averaged over draws of x named by `key`. The error
/// bound is five standard errors of that average.
[[nodiscard]] Ceiling mixture_bayes_error(const std::vector<GaussianPart>& parts,
                                          const RandomKey& key);

}  // namespace spurion::environments
