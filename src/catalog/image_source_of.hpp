#pragma once

#include <string>

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::catalog {

/// The image source that the options of an environment name; empty where they name none.
std::string image_source_of(const Component& environment, const Catalog& catalog);

}  // namespace spurion::catalog
