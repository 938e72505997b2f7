#pragma once

#include <filesystem>
#include <string>

namespace spurion::core {

/// The whole text of a file that a person wrote. Throws `UsageError` that names the file where it
/// is missing, unreadable, no plain file (a folder, a pipe, a device) or larger than 64 MiB.
std::string read_text(const std::filesystem::path& path);

}  // namespace spurion::core
