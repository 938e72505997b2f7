#pragma once

#include <cstdint>
#include <string>

#include "spurion/export.hpp"

/// \file
/// TensorBoard's event files: TFRecord frames (length, data, a masked CRC-32C of each) around the
/// protocol buffer `Event` (wall_time = 1, step = 2, file_version = 3, summary = 5).

namespace spurion::report {

/// CRC-32C (Castagnoli) of bytes.
SPURION_API std::uint32_t crc32c(const std::string& bytes);

/// The record every event file begins with.
SPURION_API std::string first_event();
/// A record that says: after `step` updates the number `tag` was `value`.
SPURION_API std::string scalar_event(const std::string& tag, std::int64_t step, double value);

}  // namespace spurion::report
