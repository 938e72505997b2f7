#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "harness/store/plan_file.hpp"
#include "spurion/catalog.hpp"
#include "spurion/suite.hpp"

namespace spurion::cli {

/// Plug-ins that the suite names, unless --plugin loaded them already; a relative path starts at
/// the folder of the suite's file. Returns the absolute paths of all plug-ins that are loaded,
/// those of --plugin first.
std::vector<std::string> load_suite_plugins(const Suite& suite, const std::string& suite_argument,
                                            const CommandLine& line, Catalog& catalog);

/// Plug-ins that a plan needs, unless --plugin loaded them already.
void load_plan_plugins(const harness::TrialPlan& plan, const CommandLine& line, Catalog& catalog);

/// Makes a suite one of at most so many seeds; 0: all.
void limit_seeds(Suite& suite, std::int64_t seeds);

}  // namespace spurion::cli
