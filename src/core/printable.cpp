#include "core/printable.hpp"

#include <algorithm>
#include <cstddef>

namespace spurion::core {

namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// How many bytes the character at `at` has; 0 where it is no UTF-8.
std::size_t length_at(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80U) return 1;
  const std::size_t length = first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : 2;
  if (first < 0xC2U || first > 0xF4U) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  // Longer than need be, halves of surrogate pairs, and beyond the last character.
  const unsigned second = byte(1);
  const bool wrong = (first == 0xE0U && second < 0xA0U) || (first == 0xEDU && second > 0x9FU) ||
                     (first == 0xF0U && second < 0x90U) || (first == 0xF4U && second > 0x8FU);
  return wrong ? 0 : length;
}

}  // namespace

std::string printable(const std::string& text) {
  const auto plain = [](char c) { return (c >= ' ' && c < 0x7F) || c == '\n' || c == '\t'; };
  if (std::all_of(text.begin(), text.end(), plain)) return text;
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = length_at(text, at);
    const auto first = static_cast<unsigned char>(text[at]);
    if (length == 0) {
      out += kReplacement;
      ++at;
      continue;
    }
    if (length == 1 && (first < 0x20U || first == 0x7FU) && first != '\n' && first != '\t') {
      // U+2400 and on; delete has the picture U+2421.
      out += "\xE2\x90";
      out += static_cast<char>(0x80U + (first == 0x7FU ? 0x21U : first));
    } else if (length == 2 && first == 0xC2U && static_cast<unsigned char>(text[at + 1]) < 0xA0U) {
      out += kReplacement;  // U+0080 to U+009F
    } else {
      out.append(text, at, length);
    }
    at += length;
  }
  return out;
}

}  // namespace spurion::core
