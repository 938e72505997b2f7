#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::report {

/// Writes a file whole or not at all: written beside and renamed. Throws `StoreError`.
SPURION_API void write_whole_file(const std::filesystem::path& path, const std::string& bytes);

/// Writes all files or none: none is renamed before all are written. Their folders are made. Throws
/// `StoreError`.
SPURION_API void write_whole_files(
    const std::vector<std::pair<std::filesystem::path, std::string>>& files);

}  // namespace spurion::report
