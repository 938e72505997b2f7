#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/data/environment_pool.hpp"
#include "harness/store/same_data.hpp"
#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// The name under which the rows of a trial's environment are in `data_fingerprints`, where they
/// are recorded ones.
std::string data_name(const Component& world, const Catalog& catalog);

/// Hashes of the rows of environments that have finitely many of them, such as rows of a file: a
/// trial's identity has the file's name, but not what is in it. By `kDataPrefix`, name and options.
std::map<std::string, std::string> data_fingerprints(const std::vector<TrialSpec>& trials,
                                                     EnvironmentPool& pool);

}  // namespace spurion::harness
