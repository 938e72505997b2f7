#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/export.hpp"
#include "spurion/trial.hpp"

namespace spurion {

/// Names of fingerprints begin so.
constexpr const char* kDataPrefix = "data.";

/// The name under which the rows of a trial's world are in `data_fingerprints`, where they are
/// recorded ones.
std::string data_name(const Component& world, const Catalog& catalog);

/// Hashes of the rows of worlds that have finitely many of them, such as rows of a file: a trial's
/// identity has the file's name, but not what is in it. By `kDataPrefix`, name and options.
std::map<std::string, std::string> data_fingerprints(
    const std::vector<TrialSpec>& trials, const Catalog& catalog,
    const std::shared_ptr<const DataSources>& sources);

/// Throws `DataError` when some rows are in both and differ. `made_from` and `found` are how the
/// message calls them: "the store 'a.sqlite'".
void check_same_data(const std::map<std::string, std::string>& first, const std::string& made_from,
                     const std::map<std::string, std::string>& second, const std::string& found);

}  // namespace spurion
