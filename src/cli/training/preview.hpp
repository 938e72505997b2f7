#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"

namespace spurion::cli {

/// Draws the first rows of an environment's first train domain into a PNG file: a column a row of
/// data, the picture as it is above one twin for each cue and one for the causal variable. Into an
/// SVG file: the film strip of an environment that answers to actions. Throws `UsageError` for an
/// environment that has no such picture and for another kind of file, `StoreError` when it cannot
/// be written.
void write_preview(const Catalog& catalog, const std::string& name,
                   const std::vector<std::string>& pairs, const std::filesystem::path& file);

}  // namespace spurion::cli
