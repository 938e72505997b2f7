#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "data/array.hpp"

/// \file
/// NPZ, NumPy's file of named arrays: a zip archive of NPY files, stored or deflated.

namespace spurion::data {

/// True when the bytes start as a zip archive does.
SPURION_API bool is_zip(std::string_view bytes);

/// All arrays by name. Throws `DataError`, which names the file and the array: no zip archive, an
/// entry that is no NPY file, encrypted, packed by another method, damaged, or said to unpack to
/// more than its bytes can hold. Memory is at most what deflate can pack into the file.
SPURION_API std::map<std::string, Array> read_npz(const std::filesystem::path& file);

enum class Compression { store, deflate };

/// Writes them in this order, whole or not at all; equal arrays give equal bytes. Throws
/// `StoreError` when the file cannot be written.
SPURION_API void write_npz(const std::filesystem::path& file,
                           const std::vector<std::pair<std::string, Array>>& arrays,
                           Compression compression);

}  // namespace spurion::data
