#pragma once

#include <filesystem>
#include <string>

#include "spurion/export.hpp"

namespace spurion::report {

/// Writes a file whole or not at all: written beside and renamed. Throws `StoreError`.
SPURION_API void write_whole_file(const std::filesystem::path& path, const std::string& bytes);

}  // namespace spurion::report
