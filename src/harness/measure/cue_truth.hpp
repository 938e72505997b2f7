#pragma once

#include "harness/measure/pack_scorer.hpp"

namespace spurion::harness {

/// What probes are held against, by interventions that no probe sees: for each cue that can be
/// changed alone, "cue_flip_rate_CUE" and "output_change_CUE" of all replicas on these rows,
/// float64 [K]. Of classes only.
MetricValues cue_truth(const PackScorer& scorer, const ReplicaTrainer& trainer,
                       const DomainRowCount& rows);

}  // namespace spurion::harness
