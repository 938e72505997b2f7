#pragma once

#include <filesystem>
#include <string>

#include "spurion/export.hpp"

namespace spurion::data {

/// The whole of a regular file. Throws a `DataError` that names it and says that it is missing, no
/// regular file, or cannot be read; `kind` is what was expected: "a CSV file".
SPURION_API std::string read_file_bytes(const std::filesystem::path& file, const std::string& kind);

/// Throws the `DataError` "'file': problem".
[[noreturn]] SPURION_API void refuse_file(const std::filesystem::path& file,
                                          const std::string& problem);

}  // namespace spurion::data
