#include "data/png.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "spurion/error.hpp"

namespace spurion::data {

namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>((value >> shift) & 0xFFU);
  return bytes;
}

/// Length, type, content, checksum of type and content.
std::string chunk(const std::string& type, const std::string& content) {
  const std::string checked = type + content;
  const auto sum =
      crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return big_endian(static_cast<std::uint32_t>(content.size())) + checked +
         big_endian(static_cast<std::uint32_t>(sum));
}

}  // namespace

Picture enlarged(const Picture& picture, std::int64_t scale) {
  Picture out{picture.width * scale, picture.height * scale, {}};
  out.rgb.reserve(static_cast<std::size_t>(3 * out.width * out.height));
  for (std::int64_t y = 0; y < out.height; ++y) {
    for (std::int64_t x = 0; x < out.width; ++x) {
      const auto from = picture.rgb.begin() + 3 * (y / scale * picture.width + x / scale);
      out.rgb.insert(out.rgb.end(), from, from + 3);
    }
  }
  return out;
}

std::string base64(const std::string& bytes) {
  constexpr const char* kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t first = 0; first < bytes.size(); first += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - first);
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      word = word << 8U | (i < count ? static_cast<std::uint8_t>(bytes[first + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= count ? kLetters[word >> (18 - 6 * i) & 63U] : '=';
    }
  }
  return out;
}

std::string png(const Picture& picture) {
  const auto stride = static_cast<std::size_t>(3 * picture.width);
  const auto rows = static_cast<std::size_t>(picture.height);
  if (picture.width < 1 || picture.height < 1 || picture.rgb.size() != stride * rows) {
    throw UsageError(fmt::format("a picture of {} x {} needs {} bytes, got {}", picture.width,
                                 picture.height, stride * rows, picture.rgb.size()));
  }
  std::string raw;
  raw.reserve((stride + 1) * rows);
  for (std::size_t row = 0; row < rows; ++row) {
    raw += '\0';  // no filter
    raw.append(reinterpret_cast<const char*>(picture.rgb.data()) + row * stride, stride);
  }
  uLongf size = compressBound(static_cast<uLong>(raw.size()));
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size,
           reinterpret_cast<const Bytef*>(raw.data()), static_cast<uLong>(raw.size()));
  packed.resize(size);

  std::string header = big_endian(static_cast<std::uint32_t>(picture.width)) +
                       big_endian(static_cast<std::uint32_t>(picture.height));
  header += std::string("\x08\x02\0\0\0", 5);  // 8 bits, red green blue, no interlace
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", packed) + chunk("IEND", "");
}

}  // namespace spurion::data
