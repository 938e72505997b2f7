#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::data {

/// A picture of 8-bit red, green and blue, row by row from the top.
struct Picture {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::uint8_t> rgb;  ///< 3 * width * height
};

/// The picture with each pixel `scale` x `scale` times.
SPURION_API Picture enlarged(const Picture& picture, std::int64_t scale);

/// The bytes of a PNG file. Throws `UsageError` when the size does not fit the pixels.
SPURION_API std::string png(const Picture& picture);

/// Bytes as text, for a "data:" address.
SPURION_API std::string base64(const std::string& bytes);

}  // namespace spurion::data
