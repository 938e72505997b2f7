#pragma once

#include <memory>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::cli {

/// How many rows each class and group has in the worlds of recorded rows, as the first replicate
/// parts them; empty where all worlds make their rows. Of many settings the first few are told.
std::string recorded_rows_text(const std::vector<TrialSpec>& trials, const Catalog& catalog,
                               const std::shared_ptr<const DataSources>& sources, int columns);

}  // namespace spurion::cli
