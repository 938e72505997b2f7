#pragma once

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::catalog {

/// A method with these normalised options that is only asked about itself, never trained: one
/// replica, two classes, two domains and four groups, which every method can be made for.
SPURION_API std::unique_ptr<Method> method_to_ask(const Catalog& catalog, const Component& method);

/// What a method with these options needs to see.
SPURION_API Access method_needs(const Catalog& catalog, const Component& method);

}  // namespace spurion::catalog
