#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/data/environment_pool.hpp"
#include "spurion/environment_facts.hpp"
#include "spurion/suite.hpp"

namespace spurion::harness {

/// What a report says about a trial's environment, that is, the instance with its base seed and
/// seed.
EnvironmentFacts describe_environment(const TrialSpec& trial, const Environment& environment,
                                      EnvironmentPool& pool);

/// What runs here: the versions of the libraries that are loaded, compiler and processor.
std::string run_description();

/// Facts of a run that its report prints: suite text, versions, information budgets, environments.
SPURION_API std::map<std::string, std::string> run_context(const Suite& suite,
                                                           const std::vector<TrialSpec>& trials,
                                                           EnvironmentPool& pool);

}  // namespace spurion::harness
