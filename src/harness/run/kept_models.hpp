#pragma once

#include "spurion/error.hpp"
#include "spurion/evaluated.hpp"
#include "spurion/method.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

/// A file of parameters cannot be written: no fault of a trial, so the run ends.
class UnwrittenModel : public StoreError {
 public:
  using StoreError::StoreError;
};

/// Writes the parameters of the chosen trials of a pack that was trained, as `KeptModels` says.
/// `evaluated`: what makes the scores of its trials. Throws `UnwrittenModel`.
void keep_models(const KeptModels& kept, const Pack& pack, const ReplicaTrainer& trainer,
                 const Evaluated& evaluated);

}  // namespace spurion::harness
