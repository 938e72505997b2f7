#pragma once

#include <vector>

#include "spurion/environment.hpp"
#include "spurion/method.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// What predicts after each of these batches of unlabelled rows, [K or 1, B, ...]. `episodic`: each
/// batch meets the model as it was trained. The method has an adapter.
SPURION_API std::vector<Evaluated> adapted_predictors(const Method& method,
                                                      const ReplicaTrainer& trainer,
                                                      const std::vector<Tensor>& batches,
                                                      bool episodic);

}  // namespace spurion::harness
