#pragma once

#include "spurion/run.hpp"

namespace spurion::cli {

/// Prints what a run of the suite would do, and refuses what it would refuse. Runs nothing, writes
/// nothing.
void print_dry_run(const Suite& suite, const Catalog& catalog, const RunOptions& options);

}  // namespace spurion::cli
