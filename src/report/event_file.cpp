#include "report/event_file.hpp"

#include <array>
#include <cstddef>
#include <cstring>

namespace spurion::report {

namespace {

std::array<std::uint32_t, 256> make_crc_table() {
  constexpr std::uint32_t kReflected = 0x82F63B78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1U) != 0 ? kReflected : 0U);
    }
    table[i] = value;
  }
  return table;
}

/// Little-endian, whatever the machine.
template <class Whole>
void append_whole(std::string& out, Whole value) {
  for (std::size_t i = 0; i < sizeof(Whole); ++i) {
    out += static_cast<char>((value >> (8 * i)) & 0xFF);
  }
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

/// A field of bytes: key, length, bytes.
void append_bytes(std::string& out, unsigned field, const std::string& bytes) {
  append_varint(out, (field << 3) | 2U);
  append_varint(out, bytes.size());
  out += bytes;
}

std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U; }

std::string framed(const std::string& data) {
  std::string length;
  append_whole(length, static_cast<std::uint64_t>(data.size()));
  std::string out = length;
  append_whole(out, masked(crc32c(length)));
  out += data;
  append_whole(out, masked(crc32c(data)));
  return out;
}

/// The beginning of an event: wall_time = 0, as a double.
std::string begun_event() {
  std::string event(1, static_cast<char>((1U << 3) | 1U));
  append_whole(event, std::uint64_t{0});
  return event;
}

}  // namespace

std::uint32_t crc32c(const std::string& bytes) {
  static const auto table = make_crc_table();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (crc >> 8);
  }
  return ~crc;
}

std::string first_event() {
  std::string event = begun_event();
  append_bytes(event, 3, "brain.Event:2");
  return framed(event);
}

std::string scalar_event(const std::string& tag, std::int64_t step, double value) {
  std::string entry;
  append_bytes(entry, 1, tag);
  entry += static_cast<char>((2U << 3) | 5U);
  const auto number = static_cast<float>(value);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &number, sizeof(bits));
  append_whole(entry, bits);
  std::string summary;
  append_bytes(summary, 1, entry);
  std::string event = begun_event();
  append_varint(event, 2U << 3);
  append_varint(event, static_cast<std::uint64_t>(step));
  append_bytes(event, 5, summary);
  return framed(event);
}

}  // namespace spurion::report
