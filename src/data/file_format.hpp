#pragma once

#include <filesystem>

#include "spurion/export.hpp"

namespace spurion::data {

enum class FileFormat { npy, npz, other };

/// What the first bytes of a file say it is. Where they say nothing, a name that ends in .npy or
/// .npz does, so that the reader of that format says what is wrong. Throws a `DataError` when it is
/// missing or no regular file.
SPURION_API FileFormat file_format(const std::filesystem::path& file);

}  // namespace spurion::data
