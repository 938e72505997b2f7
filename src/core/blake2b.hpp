#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "spurion/export.hpp"

namespace spurion::core {

/// 128 bits of a hash.
using Digest = std::array<unsigned char, 16>;

/// BLAKE2b with 128 bits of output and without a key (RFC 7693): what `b2sum --length=128` prints.
class SPURION_API Blake2b {
 public:
  Blake2b() noexcept;
  void update(const void* data, std::size_t size) noexcept;
  /// Of all that was given. Nothing may be added afterwards.
  [[nodiscard]] Digest finish() noexcept;

 private:
  static constexpr std::size_t kBlock = 128;
  void compress(bool last) noexcept;

  std::array<std::uint64_t, 8> state_;
  std::array<unsigned char, kBlock> block_;
  std::size_t used_ = 0;      ///< bytes of the block
  std::uint64_t length_ = 0;  ///< bytes that were compressed
};

/// 32 hex digits.
SPURION_API std::string hex(const Digest& digest);

/// Of a file's bytes. Throws `DataError` when it cannot be read.
SPURION_API Digest file_digest(const std::filesystem::path& file);

}  // namespace spurion::core
