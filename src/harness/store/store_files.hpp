#pragma once

#include <filesystem>
#include <vector>

namespace spurion::harness {

/// The stores of a folder, the one that runs write to first. Throws `StoreError` when there is none
/// or the folder cannot be read.
std::vector<std::filesystem::path> store_files(const std::filesystem::path& folder);

}  // namespace spurion::harness
