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

/// Which validation rows of a domain come without labels: those after the rows that selectors are
/// scored on. Throws `UsageError` where there are too few.
SPURION_API RowRange unlabelled_rows(const Environment& environment, const Domain& domain,
                                     const EvaluationOptions& evaluation,
                                     const Adaptation& adaptation);

}  // namespace spurion::harness
