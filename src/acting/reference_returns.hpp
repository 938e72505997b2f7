#pragma once

#include <cstdint>

#include "spurion/interactive.hpp"

namespace spurion::acting {

/// The return of a reference policy in a domain, simulated: the mean discounted return of
/// `episodes` episodes of the test split, tagged empirical, with an error bound of 5 standard
/// errors.
SPURION_API Ceiling simulated_return(const InteractiveEnvironment& world, const Domain& domain,
                                     ReferencePolicy policy, std::int64_t episodes);

}  // namespace spurion::acting
