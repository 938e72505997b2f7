#pragma once

#include <map>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/suite.hpp"

namespace spurion {

/// What a report says about an environment.
Value describe_environment(const std::string& name, const Value& options,
                           const Environment& environment);

/// Facts of a run that its report prints: suite text, versions, information budgets, environments.
SPURION_API std::map<std::string, std::string> run_context(
    const Suite& suite, const std::vector<TrialSpec>& trials, const Catalog& catalog,
    const std::shared_ptr<const DataSources>& sources);

}  // namespace spurion
