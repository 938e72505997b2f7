#pragma once

#include <string>

#include "spurion/value.hpp"

namespace spurion::report {

/// The causal graph of an environment as inline SVG, from the facts a store holds ("variables",
/// "edges"). Empty when there are none.
std::string svg_graph(const Value& environment, const std::string& id);

}  // namespace spurion::report
