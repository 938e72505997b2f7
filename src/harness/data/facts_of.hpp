#pragma once

#include <cstddef>
#include <limits>
#include <string>

#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/environment_facts.hpp"

namespace spurion::harness {

/// The description of an environment. Of more than `max_train_domains` train domains it lists the
/// first ones and the last. What depends on how it was made is left to the caller: name, options,
/// seeds, pictures.
SPURION_API EnvironmentFacts
facts_of(const Environment& environment,
         std::size_t max_train_domains = std::numeric_limits<std::size_t>::max());

/// The description of an environment with its default options, seed 0 of base seed 0, as its card
/// in datasets/ shows it. Where an option names an image source, it is the drawn one, which is
/// always there. Without a title where the data that it needs are missing.
SPURION_API EnvironmentFacts card_facts(const Catalog& catalog, const std::string& name);

}  // namespace spurion::harness
