#pragma once

#include <cstdint>
#include <memory>

#include "spurion/environment.hpp"

namespace spurion::nouns {

/// The environment without one of its train domains, which takes the place of the test domain: no
/// number of the real test domain can reach what is chosen by such a trial. `held_out`: number of
/// the domain; -1: the environment as it is. Throws `UsageError` if there is no such domain, or no
/// other one to train on.
SPURION_API std::shared_ptr<const Environment> with_held_out_domain(
    std::shared_ptr<const Environment> environment, std::int64_t held_out);

}  // namespace spurion::nouns
