#pragma once

#include <string>

#include "cli/arguments.hpp"
#include "spurion/catalog.hpp"
#include "spurion/suite.hpp"

namespace spurion::cli {

/// Plug-ins that the suite names, unless --plugin loaded them already; a relative path starts at
/// the folder of the suite's file.
void load_suite_plugins(const Suite& suite, const std::string& suite_argument,
                        const CommandLine& line, Catalog& catalog);

}  // namespace spurion::cli
