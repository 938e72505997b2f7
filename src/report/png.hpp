#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spurion/export.hpp"

namespace spurion::report {

/// A picture of 8-bit red, green and blue, row by row from the top.
struct Picture {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::vector<std::uint8_t> rgb;  ///< 3 * width * height
};

/// The bytes of a PNG file. Throws `UsageError` when the size does not fit the pixels.
SPURION_API std::string png(const Picture& picture);

}  // namespace spurion::report
