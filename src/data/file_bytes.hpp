#pragma once

#include <filesystem>
#include <string>

#include "spurion/export.hpp"

namespace spurion::data {

/// Throws a `DataError` that names the file when it is missing or no regular file: opening a pipe
/// may never end. `kind` is what was expected: "a CSV file".
SPURION_API void require_regular(const std::filesystem::path& file, const std::string& kind);

/// The whole of a regular file. Throws as `require_regular`, and when it cannot be read or is
/// larger than the memory that is free.
SPURION_API std::string read_file_bytes(const std::filesystem::path& file, const std::string& kind);

/// Throws the `DataError` "'file': problem".
[[noreturn]] SPURION_API void refuse_file(const std::filesystem::path& file,
                                          const std::string& problem);

}  // namespace spurion::data
