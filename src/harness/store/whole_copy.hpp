#pragma once

#include <filesystem>
#include <string>

#include "spurion/export.hpp"

namespace spurion::harness {

/// Writes a file whole or not at all, for readers on other machines too: beside its place, with
/// fsync, renamed, with fsync of its folder. Throws `StoreError`.
SPURION_API void write_whole(const std::string& bytes, const std::filesystem::path& file);

/// Copies a file in the same way.
SPURION_API void copy_whole(const std::filesystem::path& from, const std::filesystem::path& to);

/// The same of a store that a run may be writing to: it is copied as it is between two changes.
SPURION_API void copy_store(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace spurion::harness
