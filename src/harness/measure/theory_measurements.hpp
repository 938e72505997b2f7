#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "spurion/regime.hpp"
#include "spurion/theory.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// The trials of a pack before their training.
struct UntrainedPack {
  const Method& method;
  const Regime& regime;
  bool offline = false;  ///< whether there is no stream
  const TrainingOptions& training;
  std::int64_t updates = 0;  ///< of the whole training
  ReplicaTrainer& trainer;
};

/// What theory can be asked of a replica; empty where it cannot follow the training. It follows
///  - ridge of an affine model, or of a model with fixed features;
///  - full-batch gradient descent at one learning rate, from parameters that are 0.
/// The training rows must be those of the train domains, as they come.
std::optional<TheoryRequest> theory_request(const UntrainedPack& pack, std::int64_t replica);

/// What theory predicts for a request, as measurements of phase 0 and step 0.
struct PredictedTrial {
  const Environment* environment = nullptr;
  TheoryRequest request;
  std::vector<Measurement> rows;
  bool same_for_all_seeds = false;
};

/// "theory_score", "theory_gap" and their errors in the test domain, the scores also averaged over
/// the train domains; empty where the environment predicts nothing. `known` has what was predicted
/// before for this pack, whose environments differ in the data seed alone, and gets this.
const std::vector<Measurement>& predicted(const Environment& environment,
                                          const TheoryRequest& request,
                                          std::vector<PredictedTrial>& known);

}  // namespace spurion::harness
