#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "spurion/store.hpp"

namespace spurion::tests {

/// A trial of made-up names with `measurements` numbers that follow from its seed.
TrialResult synthetic_trial(std::int64_t seed, std::int64_t measurements = 8);

/// A store of so many of them in a folder, in two experiments of a suite.
void write_synthetic_store(const std::filesystem::path& folder, std::int64_t trials);
/// Says of an open store which trials its suite has, in which experiments.
void set_synthetic_suite(Store& store, std::int64_t trials);
/// The same, with the trials.
void fill_synthetic_store(Store& store, std::int64_t trials);

/// All that is reported of a folder: a line each trial, and one of all facts.
struct Reported {
  std::multimap<std::string, std::string> trials;  ///< by id
  std::string context;
  std::vector<std::string> notes;
};
Reported reported(const std::filesystem::path& folder);

std::string bytes_of(const std::filesystem::path& file);
void write_bytes(const std::filesystem::path& file, const std::string& bytes);

}  // namespace spurion::tests
