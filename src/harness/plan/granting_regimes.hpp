#pragma once

#include <string>
#include <vector>

#include "spurion/access.hpp"
#include "spurion/catalog.hpp"

namespace spurion::harness {

/// The regimes that grant what a method needs to see, as a suite writes them: `{ name = "offline",
/// group_labels = true }`. Only the switches that it takes are set. `first`: the regime to name
/// first.
std::vector<std::string> granting_regimes(const Catalog& catalog, const Access& needs,
                                          const std::string& first);

}  // namespace spurion::harness
