#pragma once

#include <cstdint>
#include <vector>

#include "spurion/interactive.hpp"

namespace spurion::regimes {

/// Which inputs of a policy that is conditioned on a causal graph are shown (de Haan et al. 2019):
/// the policy gets [inputs * m, m], where m says for each variable whether it is a cause.
class SPURION_API GraphMasks {
 public:
  /// Of an environment with `InteractiveInfo::graph_inputs`.
  explicit GraphMasks(const InteractiveEnvironment& world);

  /// G: variables.
  [[nodiscard]] std::int64_t groups() const { return table_.size(0); }
  /// What inputs [..., ...input_shape] are multiplied by, float32, if `shown` [..., G] (0 or 1)
  /// says which variables are shown.
  [[nodiscard]] Tensor factors(const Tensor& shown) const;

 private:
  Shape shape_;    // of one row
  Tensor table_;   // [G, D]: 1 where a variable gives an input, or says whether it is shown
  Tensor others_;  // [D]: 1 where no variable does
};

/// The weights w [G] of the ridge regression of values on masks [N, G] with an intercept:
/// min sum (value - mask w - c)^2 + alpha |w|^2. Float64.
SPURION_API Tensor ridge_weights(const Tensor& masks, const Tensor& values, double alpha);

}  // namespace spurion::regimes
