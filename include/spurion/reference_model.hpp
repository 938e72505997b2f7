#pragma once

#include "spurion/tensor.hpp"

namespace spurion {

/// A model with the layout of the trained one, which tells how far a training has gone from it: the
/// twin of a penalised model that is trained without the penalty, or the policy that a fine-tuned
/// one is held to. Evaluations store the distance of the parameters and the divergence of the
/// predictions.
struct ReferenceModel {
  Tensor parameters;  ///< float32 [K, P], on the device of the trainer
  /// Of a policy that maximises rewards minus `anchor` KL(pi || reference): the weight in units of
  /// reward, [K]. Undefined: it is no such policy.
  Tensor anchor = {};
  /// What the entropy of such a policy is weighted with, in units of reward, [K]. Undefined: 0.
  Tensor entropy_bonus = {};
};

}  // namespace spurion
