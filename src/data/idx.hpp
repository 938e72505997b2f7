#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Reads IDX, the file format of MNIST and its relatives: a big-endian magic number, one 32-bit
/// size per dimension, then unsigned bytes. Files may be plain or gzip; their content decides, not
/// their name.

namespace spurion::data {

/// Greyscale images, row by row, in file order.
struct IdxImages {
  std::int64_t count = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::uint8_t> pixels;  ///< [count, rows, columns]
};

struct IdxLabels {
  std::vector<std::uint8_t> labels;
};

/// The whole file or a `DataError` that names it and says what was expected and what was found:
/// missing, wrong magic number, a size of 0 or one that the file cannot hold, too few bytes or too
/// many, damaged compression. Memory grows with the bytes that are there, not with what the header
/// claims.
SPURION_API IdxImages read_idx_images(const std::filesystem::path& file);
SPURION_API IdxLabels read_idx_labels(const std::filesystem::path& file);

}  // namespace spurion::data
