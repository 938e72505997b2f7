#pragma once

#include <filesystem>

namespace spurion::cli {

/// The file of a library of this name beside the one that holds this code, or the name alone, which
/// the system looks for.
std::filesystem::path library_beside(const char* name);

}  // namespace spurion::cli
