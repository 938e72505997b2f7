#pragma once

#include <cctype>
#include <string>

namespace spurion::core {

/// What names of suites and experiments may hold: they become parts of names of files.
inline constexpr const char* kSafeNames =
    "a name of at most 100 letters, digits, '_', '-', '+' and '.', a letter or digit first";

inline bool is_safe_name(const std::string& name) {
  constexpr std::size_t kLongest = 100;
  const auto is_plain = [](char c) {
    const auto letter = static_cast<unsigned char>(c);
    return letter < 0x80 && std::isalnum(letter) != 0;
  };
  if (name.empty() || name.size() > kLongest || !is_plain(name.front())) return false;
  for (const char c : name) {
    if (!is_plain(c) && c != '_' && c != '-' && c != '+' && c != '.') return false;
  }
  return true;
}

}  // namespace spurion::core
