#pragma once

#include <filesystem>

#include "spurion/export.hpp"
#include "spurion/store.hpp"

namespace spurion::cli {

/// Writes event files of the curves of `results` below `folder` and prints what was written, or why
/// nothing was. `quiet`: prints nothing.
SPURION_API void write_and_print_curves(const StoredResults& results,
                                        const std::filesystem::path& folder, bool quiet);

}  // namespace spurion::cli
