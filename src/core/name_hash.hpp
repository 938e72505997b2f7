#pragma once

#include <cstdint>
#include <string_view>

namespace spurion::core {

/// Finaliser of MurmurHash3: every input bit reaches every output bit.
inline std::uint64_t mixed(std::uint64_t z) noexcept {
  z ^= z >> 33U;
  z *= 0xff51afd7ed558ccdULL;
  z ^= z >> 33U;
  z *= 0xc4ceb9fe1a85ec53ULL;
  z ^= z >> 33U;
  return z;
}

/// FNV-1a.
inline std::uint64_t name_hash(std::string_view name) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char character : name) {
    hash ^= static_cast<unsigned char>(character);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

/// The value of the child of a random key, by the hash of the child's name.
inline std::uint64_t named_child(std::uint64_t key, std::uint64_t hash) noexcept {
  return mixed(key ^ mixed(hash + 0x632be59bd9b4e019ULL));
}

}  // namespace spurion::core
