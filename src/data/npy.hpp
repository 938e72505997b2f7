#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/array.hpp"

/// \file
/// NPY, NumPy's file of one array: a magic word, a version (1, 2 or 3), a header that is a Python
/// dictionary with `descr`, `fortran_order` and `shape`, and the numbers.

namespace spurion::data {

/// True when the bytes start as an NPY file does.
SPURION_API bool is_npy(std::string_view bytes);

/// The array in these bytes, in C order whatever the file's order. `place` is how errors call them:
/// "'x.npy'". Throws `DataError`: wrong magic word or version, a header that is no such dictionary,
/// an element type other than those of `ElementType` (big-endian ones, text and records among
/// them), a shape that does not fit the number of bytes that are there. Nothing is allocated before
/// that has been checked.
SPURION_API Array parse_npy(std::string_view bytes, const std::string& place);
/// What the header says of the file.
struct NpyHeader {
  ElementType type = ElementType::float32;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;  ///< of the whole file, the header included
};
/// The header of a file whose first bytes are `start`; nothing where it does not end among them.
/// Throws `DataError` as `parse_npy`.
SPURION_API std::optional<NpyHeader> read_npy_header(std::string_view start,
                                                     const std::string& place);
SPURION_API Array read_npy(const std::filesystem::path& file);

/// The file's bytes, version 1.
SPURION_API std::string npy_bytes(const Array& array);

}  // namespace spurion::data
