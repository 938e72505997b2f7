#pragma once

#include <vector>

#include "harness/suite/trial_id.hpp"
#include "spurion/export.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

struct StoreContent;

/// Results that were read without specs get those of these trials, where the store has just these:
/// trials of one id have the same spec. Uses up the trials then. Else the results are forgotten.
SPURION_API void give_specs(StoreContent& content, std::vector<TrialSpec>& trials,
                            const std::vector<TrialId>& ids);
/// Lets go of all that was read.
SPURION_API void forget_results(StoreContent& content);

}  // namespace spurion::harness
