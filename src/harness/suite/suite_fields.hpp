#pragma once

#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/schema.hpp"

/// \file
/// The keys of a suite file: what reading one allows, and `spurion describe suite` explains.

namespace spurion::harness {

/// The keys of one kind of table in a suite file.
struct SuiteTable {
  std::string heading;  ///< how the file writes it: "[[experiment]]"; empty for the file itself
  std::vector<FieldInfo> fields;

  [[nodiscard]] std::vector<std::string> keys() const;
};

SPURION_API const SuiteTable& suite_table();
SPURION_API const SuiteTable& experiment_table();
SPURION_API const SuiteTable& search_table();
SPURION_API const SuiteTable& quick_table();
SPURION_API const SuiteTable& stopping_table();

}  // namespace spurion::harness
