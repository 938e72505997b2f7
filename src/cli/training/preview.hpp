#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"

namespace spurion::cli {

/// Draws the first rows of an environment's first train domain into a PNG file: a column a row of
/// data, the picture as it is above one twin for each cue and one for the causal variable. Throws
/// `UsageError` for an environment whose rows are no pictures and for a file that is not *.png,
/// `StoreError` when it cannot be written.
void write_preview(const Catalog& catalog, const std::string& name,
                   const std::vector<std::string>& pairs, const std::filesystem::path& file);

}  // namespace spurion::cli
