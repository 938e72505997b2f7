#include "data/idx.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <limits>
#include <string>
#include <system_error>

#include "data/file_bytes.hpp"
#include "data/memory_limit.hpp"
#include "spurion/error.hpp"

namespace spurion::data {
namespace {

constexpr std::uint32_t kImageMagic = 0x00000803;  // unsigned bytes, 3 dimensions
constexpr std::uint32_t kLabelMagic = 0x00000801;  // unsigned bytes, 1 dimension
constexpr std::uint8_t kGzipFirst = 0x1f;
constexpr std::uint8_t kGzipSecond = 0x8b;
constexpr std::size_t kBufferBytes = std::size_t{1} << 16;
constexpr std::size_t kReserveAtMost = std::size_t{64} << 20;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& problem) {
  throw DataError(fmt::format("'{}': {}", file.string(), problem));
}

/// The bytes of a file, decompressed if they are gzip (one member or several).
class ByteStream {
 public:
  explicit ByteStream(const std::filesystem::path& file) : file_(file) {
    require_regular(file, "an IDX file");
    errno = 0;
    input_.open(file, std::ios::binary);
    if (!input_) {
      fail(file, fmt::format("cannot be opened: {}", std::generic_category().message(errno)));
    }
    refill();
    compressed_ = available_ >= 2 && buffer_[0] == kGzipFirst && buffer_[1] == kGzipSecond;
    if (compressed_) {
      constexpr int kGzipOnly = 15 + 16;
      if (inflateInit2(&inflater_, kGzipOnly) != Z_OK) {
        fail(file, "zlib could not be started");
      }
    }
  }
  ~ByteStream() {
    if (compressed_) {
      inflateEnd(&inflater_);
    }
  }
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// What the file can hold at most: deflate packs no more than 1032 bytes into one.
  [[nodiscard]] double most_bytes() const {
    constexpr double kMostPacked = 1032.0;
    std::error_code unknown;
    const auto size = static_cast<double>(std::filesystem::file_size(file_, unknown));
    return compressed_ ? kMostPacked * size : size;
  }

  /// Fills `out` as far as there are bytes; fewer than `size` means that the file has ended.
  std::size_t read(std::uint8_t* out, std::size_t size) {
    return compressed_ ? read_compressed(out, size) : read_plain(out, size);
  }

 private:
  void refill() {
    input_.read(reinterpret_cast<char*>(buffer_.data()),
                static_cast<std::streamsize>(kBufferBytes));
    if (input_.bad()) {
      fail(file_, "reading failed part of the way through");
    }
    position_ = 0;
    available_ = static_cast<std::size_t>(input_.gcount());
  }

  std::size_t read_plain(std::uint8_t* out, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
      if (available_ == 0) {
        refill();
        if (available_ == 0) {
          break;
        }
      }
      const std::size_t step = std::min(size - done, available_);
      std::copy_n(buffer_.data() + position_, step, out + done);
      position_ += step;
      available_ -= step;
      done += step;
    }
    return done;
  }

  /// Goes to where the next member starts; false at the end of the file. Zero bytes between members
  /// and at the end are padding, as gzip itself has it.
  bool next_member() {
    for (;;) {
      while (available_ > 0 && buffer_[position_] == 0) {
        ++position_;
        --available_;
      }
      if (available_ > 0) break;
      refill();
      if (available_ == 0) return false;
    }
    if (buffer_[position_] != kGzipFirst) {
      fail(file_, "too long: there are bytes after the end of the gzip data");
    }
    inflateReset(&inflater_);
    member_ended_ = false;
    return true;
  }

  std::size_t read_compressed(std::uint8_t* out, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
      if (member_ended_ && !next_member()) break;
      if (available_ == 0) {
        refill();
        if (available_ == 0) fail(file_, "truncated: the gzip data end before their end mark");
      }
      const std::size_t step = std::min<std::size_t>(size - done, std::numeric_limits<uInt>::max());
      inflater_.next_in = buffer_.data() + position_;
      inflater_.avail_in = static_cast<uInt>(available_);
      inflater_.next_out = out + done;
      inflater_.avail_out = static_cast<uInt>(step);
      const int result = inflate(&inflater_, Z_NO_FLUSH);
      position_ += available_ - inflater_.avail_in;
      available_ = inflater_.avail_in;
      done += step - inflater_.avail_out;
      if (result == Z_STREAM_END) {
        member_ended_ = true;
      } else if (result != Z_OK) {
        fail(file_, fmt::format("damaged gzip data: {}",
                                inflater_.msg != nullptr ? inflater_.msg : zError(result)));
      }
    }
    return done;
  }

  const std::filesystem::path& file_;
  std::ifstream input_;
  std::array<std::uint8_t, kBufferBytes> buffer_{};
  std::size_t position_ = 0;
  std::size_t available_ = 0;
  bool compressed_ = false;
  bool member_ended_ = false;
  z_stream inflater_{};
};

std::string describe_magic(std::uint32_t magic) {
  const char* meaning = "";
  if (magic == kImageMagic) {
    meaning = " (images)";
  } else if (magic == kLabelMagic) {
    meaning = " (labels)";
  }
  return fmt::format("0x{:08x}{}", magic, meaning);
}

/// The header's sizes, of which there are `Dimensions`.
template <std::size_t Dimensions>
std::array<std::uint32_t, Dimensions> read_header(ByteStream& stream,
                                                  const std::filesystem::path& file,
                                                  std::uint32_t expected_magic) {
  std::array<std::uint8_t, 4 * (1 + Dimensions)> bytes{};
  const std::size_t found = stream.read(bytes.data(), bytes.size());
  const auto word = [&bytes](std::size_t index) {
    const std::uint8_t* at = bytes.data() + 4 * index;
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
           std::uint32_t{at[3]};
  };
  if (found >= 4 && word(0) != expected_magic) {
    fail(file, fmt::format("wrong kind of file: expected magic number {}, found {}",
                           describe_magic(expected_magic), describe_magic(word(0))));
  }
  if (found < bytes.size()) {
    fail(file, fmt::format("truncated: expected an IDX header of {} bytes, found {}", bytes.size(),
                           found));
  }
  std::array<std::uint32_t, Dimensions> sizes{};
  for (std::size_t i = 0; i < Dimensions; ++i) {
    sizes[i] = word(i + 1);
  }
  return sizes;
}

/// Exactly the bytes that the header promises.
template <std::size_t Dimensions>
std::vector<std::uint8_t> read_body(ByteStream& stream, const std::filesystem::path& file,
                                    const std::array<std::uint32_t, Dimensions>& sizes) {
  const std::string shape = fmt::format("{}", fmt::join(sizes, " x "));
  std::uint64_t expected = 1;
  for (const std::uint32_t size : sizes) {
    if (size == 0) {
      fail(file, fmt::format("the header says {}: expected no size to be 0", shape));
    }
    if (expected > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / size) {
      fail(file, fmt::format("the header says {}: more than any file can hold", shape));
    }
    expected *= size;
  }
  require_memory(std::min(static_cast<double>(expected), stream.most_bytes()),
                 fmt::format("'{}'", file.string()), fmt::format("an array of {} bytes", shape));
  std::vector<std::uint8_t> body;
  body.reserve(std::min<std::uint64_t>(expected, kReserveAtMost));
  while (body.size() < expected) {
    const std::size_t before = body.size();
    const std::size_t step = std::min<std::uint64_t>(expected - before, kBufferBytes);
    body.resize(before + step);
    const std::size_t found = stream.read(body.data() + before, step);
    if (found < step) {
      fail(file, fmt::format("truncated: expected {} bytes after the header ({}), found {}",
                             expected, shape, before + found));
    }
  }
  std::uint8_t extra = 0;
  if (stream.read(&extra, 1) != 0) {
    fail(file, fmt::format("too long: expected {} bytes after the header ({}), found more",
                           expected, shape));
  }
  return body;
}

}  // namespace

IdxImages read_idx_images(const std::filesystem::path& file) {
  ByteStream stream(file);
  const auto sizes = read_header<3>(stream, file, kImageMagic);
  IdxImages images;
  images.pixels = read_body(stream, file, sizes);
  images.count = sizes[0];
  images.rows = sizes[1];
  images.columns = sizes[2];
  return images;
}

IdxLabels read_idx_labels(const std::filesystem::path& file) {
  ByteStream stream(file);
  const auto sizes = read_header<1>(stream, file, kLabelMagic);
  return IdxLabels{read_body(stream, file, sizes)};
}

}  // namespace spurion::data
