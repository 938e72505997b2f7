#pragma once

#include <string>

#include "spurion/mechanism.hpp"

namespace spurion::report {

/// The causal graph of an environment as inline SVG. Empty when it has no variables. `id` is unique
/// in the page.
std::string svg_graph(const CausalGraph& graph, const std::string& id);

}  // namespace spurion::report
