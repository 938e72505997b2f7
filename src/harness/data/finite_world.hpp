#pragma once

#include <string>

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// What of a domain's ceilings is not a number that anything could be compared with: "the ceiling
/// 'bayes' of domain 'test' is infinite". Empty where all is well; NaN with `Exactness::empirical`
/// says that the number is not known.
[[nodiscard]] SPURION_API std::string strange_ceiling(const Domain& domain,
                                                      const Ceilings& ceilings);

/// Throws `UsageError` unless the environment has numbers that one can work with: finite rows, and
/// finite ceilings or none in the train domains, the test domain and at both ends of the range of
/// the shift. Options far from the defaults overflow; the message names them. `environment` was
/// made of the other arguments.
SPURION_API void require_finite_world(const Environment& environment, const Component& component,
                                      const Catalog& catalog, const EnvironmentContext& context);

}  // namespace spurion::harness
