#pragma once

#include <memory>

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// Whether numbers that people read of an environment, its ceilings and how many rows its domains
/// have, are others under another data seed. `environment` is one environment of `component`.
SPURION_API bool depends_on_seed(const Component& component, const Environment& environment,
                                 const Catalog& catalog,
                                 const std::shared_ptr<const DataSources>& sources);

}  // namespace spurion
