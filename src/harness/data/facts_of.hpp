#pragma once

#include <cstddef>
#include <limits>

#include "spurion/environment.hpp"
#include "spurion/environment_facts.hpp"

namespace spurion {

/// The description of an environment. Of more than `max_train_domains` train domains it lists the
/// first ones and the last. What depends on how it was made is left to the caller: name, options,
/// seeds, pictures.
SPURION_API EnvironmentFacts
facts_of(const Environment& environment,
         std::size_t max_train_domains = std::numeric_limits<std::size_t>::max());

}  // namespace spurion
