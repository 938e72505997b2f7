#pragma once

#include <optional>

#include "spurion/environment.hpp"
#include "spurion/export.hpp"

namespace spurion::environments {

/// What `EnvironmentInfo::misleads_erm` may claim of an environment scored by accuracy, from the
/// ceilings of its test domain: that ERM with enough rows fails there for the cue where its
/// population minimiser is nearer to one who follows the cue than to the invariant predictor, and
/// clearly short of the latter, by more than 0.05 and the error bounds. Nothing elsewhere, and
/// where the minimiser is not known.
[[nodiscard]] SPURION_API std::optional<bool> claim_to_mislead(const Ceilings& test);

}  // namespace spurion::environments
