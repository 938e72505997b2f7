#pragma once

#include <vector>

#include "spurion/environment.hpp"
#include "spurion/method.hpp"

namespace spurion::nouns {

/// Writes into the context of a method what it needs to know of the mechanism: the ceilings of the
/// train domains and the inputs of the cue. `environments` [K], one for each replica. Throws
/// `UsageError` where an environment does not know what is needed.
SPURION_API void tell_mechanism(MethodContext& context, const Access& needs,
                                const std::vector<const Environment*>& environments);

}  // namespace spurion::nouns
