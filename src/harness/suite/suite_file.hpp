#pragma once

#include <filesystem>
#include <string>

#include "spurion/export.hpp"

namespace spurion::harness {

/// The file of a suite: what `name_or_file` names itself, or one that came with spurion. Throws
/// `UsageError` with the nearest names where there is none.
SPURION_API std::filesystem::path suite_file(const std::string& name_or_file);

}  // namespace spurion::harness
