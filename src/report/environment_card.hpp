#pragma once

#include <string>

#include "spurion/environment_facts.hpp"
#include "spurion/export.hpp"

namespace spurion::report {

/// What a person must know of an environment to read its numbers: graph, mechanism, shift,
/// ceilings, groups, rows beside their counterfactual twins where they are pictures, deviations and
/// source. `facts` is what a store holds of it; `id` is unique in the page.
SPURION_API std::string environment_card(const EnvironmentFacts& facts, const std::string& name,
                                         const std::string& id);

/// Style sheet of the cards.
std::string environment_card_style();

}  // namespace spurion::report
