#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "harness/suite/trial_id.hpp"
#include "spurion/export.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

struct StoreContent;

/// Results that were read without specs get those of these trials, where the store has just these:
/// trials of one id have the same spec. Else the results are forgotten. `spec_at`: the trial that
/// `ids` has at a place. Gives whether they got them.
SPURION_API bool give_specs(StoreContent& content,
                            const std::function<TrialSpec(std::size_t)>& spec_at,
                            const std::vector<TrialId>& ids);
/// Lets go of all that was read.
SPURION_API void forget_results(StoreContent& content);

}  // namespace spurion::harness
