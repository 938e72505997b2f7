#include "data/npy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <limits>
#include <optional>

#include "data/file_bytes.hpp"
#include "spurion/error.hpp"

namespace spurion::data {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMostDimensions = 32;  // NumPy's own limit
/// Of an array of one element type and 32 dimensions it has a few hundred bytes.
constexpr std::size_t kLongestHeader = std::size_t{1} << 20;
constexpr std::int64_t kMostElements = std::numeric_limits<std::int64_t>::max() / 8;

struct Header {
  std::optional<ElementType> type;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::int64_t>> shape;
};

std::optional<ElementType> type_of(std::string_view descr) {
  for (const ElementType type : element_types()) {
    if (descr == element_descr(type)) return type;
  }
  // One byte has no order, whatever the sign in front says.
  if (descr.size() == 3 && descr[2] == '1' && (descr[0] == '<' || descr[0] == '=')) {
    return type_of("|" + std::string(descr.substr(1)));
  }
  return std::nullopt;
}

/// Reads the dictionary, of which only what NumPy writes is known.
class HeaderReader {
 public:
  /// `offset` of the text in the file, for messages.
  HeaderReader(std::string_view text, std::size_t offset, const std::string& place)
      : text_(text), offset_(offset), place_(place) {}

  Header read() {
    expect('{');
    while (!take('}')) {
      const std::string key = read_word();
      expect(':');
      if (key == "descr") {
        once(!header_.type, key);
        read_type();
      } else if (key == "fortran_order") {
        once(!header_.fortran_order, key);
        header_.fortran_order = read_truth();
      } else if (key == "shape") {
        once(!header_.shape, key);
        read_shape();
      } else {
        fail(fmt::format("unknown key '{}'; expected descr, fortran_order and shape",
                         printable(key)));
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (position_ < text_.size()) fail("expected the end of the header");
    for (const auto& [there, key] : {std::pair(header_.type.has_value(), "descr"),
                                     std::pair(header_.fortran_order.has_value(), "fortran_order"),
                                     std::pair(header_.shape.has_value(), "shape")}) {
      if (!there) throw DataError(fmt::format("{}: the header has no '{}'", place_, key));
    }
    return header_;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw DataError(fmt::format("{}: header, byte {}: {}", place_, offset_ + position_, problem));
  }

  static std::string printable(std::string_view text) {
    constexpr std::size_t kMost = 40;
    std::string out;
    for (const char c : text.substr(0, kMost)) {
      out += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '?';
    }
    return out + (text.size() > kMost ? "..." : "");
  }

  void once(bool first, const std::string& key) const {
    if (!first) fail(fmt::format("'{}' appears twice", key));
  }

  void skip_spaces() {
    while (position_ < text_.size() &&
           (text_[position_] == ' ' || text_[position_] == '\n' || text_[position_] == '\t')) {
      ++position_;
    }
  }

  bool take(char wanted) {
    skip_spaces();
    if (position_ >= text_.size() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }

  void expect(char wanted) {
    if (take(wanted)) return;
    fail(position_ < text_.size() ? fmt::format("expected '{}', found '{}'", wanted,
                                                printable(text_.substr(position_, 1)))
                                  : fmt::format("expected '{}', found the end", wanted));
  }

  std::string read_word() {
    skip_spaces();
    const char quote = position_ < text_.size() ? text_[position_] : '\0';
    if (quote != '\'' && quote != '"') fail("expected a quoted word");
    const std::size_t end = text_.find(quote, position_ + 1);
    if (end == std::string_view::npos) fail("a quoted word does not end");
    std::string word(text_.substr(position_ + 1, end - position_ - 1));
    position_ = end + 1;
    return word;
  }

  void read_type() {
    skip_spaces();
    if (position_ < text_.size() && text_[position_] == '[') {
      fail("records ('descr' is a list) cannot be read; save each field as an array of its own");
    }
    const std::string descr = read_word();
    header_.type = type_of(descr);
    if (header_.type) return;
    const bool big_endian = !descr.empty() && descr.front() == '>';
    std::vector<std::string> known;
    for (const ElementType type : element_types()) known.emplace_back(element_descr(type));
    fail(fmt::format(
        "element type '{}' cannot be read; expected one of {}{}", printable(descr),
        fmt::join(known, ", "),
        big_endian ? " (little-endian: array.astype(array.dtype.newbyteorder('<')))" : ""));
  }

  bool read_truth() {
    skip_spaces();
    for (const bool truth : {true, false}) {
      const std::string_view word = truth ? "True" : "False";
      if (text_.substr(position_, word.size()) == word) {
        position_ += word.size();
        return truth;
      }
    }
    fail("expected True or False");
  }

  void read_shape() {
    expect('(');
    std::vector<std::int64_t> shape;
    while (!take(')')) {
      if (shape.size() == kMostDimensions) {
        fail(fmt::format("more than {} dimensions", kMostDimensions));
      }
      shape.push_back(read_size());
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    header_.shape = std::move(shape);
  }

  std::int64_t read_size() {
    skip_spaces();
    const std::size_t first = position_;
    std::int64_t size = 0;
    while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
      if (size > kMostElements / 10 - 1) fail("a size that no file can hold");
      size = size * 10 + (text_[position_] - '0');
      ++position_;
    }
    if (position_ == first) fail("expected a size");
    if (position_ < text_.size() && text_[position_] == 'L') ++position_;  // Python 2 wrote it
    return size;
  }

  std::string_view text_;
  std::size_t offset_;
  const std::string& place_;
  std::size_t position_ = 0;
  Header header_;
};

/// Bytes in Fortran order to C order.
std::string to_c_order(std::string_view bytes, const std::vector<std::int64_t>& shape,
                       std::int64_t size) {
  std::string out(bytes.size(), '\0');
  // Strides of the source, in elements: the first index runs fastest.
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = 1; i < shape.size(); ++i) strides[i] = strides[i - 1] * shape[i - 1];
  std::vector<std::int64_t> index(shape.size(), 0);
  const auto count = static_cast<std::int64_t>(bytes.size()) / size;
  std::int64_t source = 0;
  for (std::int64_t target = 0; target < count; ++target) {
    std::memcpy(out.data() + target * size, bytes.data() + source * size,
                static_cast<std::size_t>(size));
    for (std::size_t i = shape.size(); i-- > 0;) {
      source += strides[i];
      if (++index[i] < shape[i]) break;
      source -= strides[i] * shape[i];
      index[i] = 0;
    }
  }
  return out;
}

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t word = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    word = word << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return word;
}

/// What the header says of the rest.
struct Layout {
  ElementType type = ElementType::float32;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  std::size_t body = 0;     ///< where the numbers start
  std::uint64_t bytes = 0;  ///< of the numbers
};

/// Reads the header at the start of a file; nothing where it does not end within these bytes.
std::optional<Layout> read_layout(std::string_view bytes, const std::string& place) {
  const auto fail = [&place](const std::string& problem) {
    throw DataError(fmt::format("{}: {}", place, problem));
  };
  if (bytes.substr(0, kMagic.size()) != kMagic.substr(0, bytes.size()) || bytes.empty()) {
    fail("not an NPY file: it does not start with \\x93NUMPY");
  }
  if (bytes.size() < 8) return std::nullopt;
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3 || bytes[7] != 0) {
    fail(fmt::format("byte 6: NPY version {}.{}; expected 1.0, 2.0 or 3.0", version,
                     static_cast<int>(static_cast<unsigned char>(bytes[7]))));
  }
  const std::size_t width = version == 1 ? 2 : 4;
  const std::size_t start = 8 + width;
  if (bytes.size() < start) return std::nullopt;
  const std::size_t length = little_endian(bytes.substr(8, width));
  if (length > kLongestHeader) {
    fail(fmt::format("byte 8: the header is said to have {} bytes, expected at most {}", length,
                     kLongestHeader));
  }
  if (length > bytes.size() - start) return std::nullopt;
  const Header header = HeaderReader(bytes.substr(start, length), start, place).read();

  Layout layout;
  layout.type = *header.type;
  layout.fortran_order = *header.fortran_order;
  layout.shape = *header.shape;
  layout.body = start + length;
  // Also of an array without elements: whoever walks along its other dimensions must come to an
  // end.
  std::int64_t count = 1;
  for (const std::int64_t one : layout.shape) {
    if (one == 0) continue;
    if (count > kMostElements / one) {
      fail(fmt::format("shape ({}): more than any file can hold", fmt::join(layout.shape, ", ")));
    }
    count *= one;
  }
  const bool empty = std::find(layout.shape.begin(), layout.shape.end(), 0) != layout.shape.end();
  if (!empty) {
    layout.bytes =
        static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(element_size(layout.type));
  }
  return layout;
}

}  // namespace

bool is_npy(std::string_view bytes) { return bytes.substr(0, kMagic.size()) == kMagic; }

std::optional<NpyHeader> read_npy_header(std::string_view start, const std::string& place) {
  const std::optional<Layout> layout = read_layout(start, place);
  if (!layout) return std::nullopt;
  return NpyHeader{layout->type, layout->shape, layout->body + layout->bytes};
}

Array parse_npy(std::string_view bytes, const std::string& place) {
  const auto fail = [&place](const std::string& problem) {
    throw DataError(fmt::format("{}: {}", place, problem));
  };
  const std::optional<Layout> layout = read_layout(bytes, place);
  if (!layout) {
    fail(bytes.size() < 8 ? "truncated: there is no version after the magic word"
                          : "byte 8: the header is said to have more bytes than are there");
  }
  const std::string_view body = bytes.substr(layout->body);
  if (body.size() != layout->bytes) {
    fail(fmt::format("{}: expected {} bytes after the header ({} of shape ({})), found {}",
                     body.size() < layout->bytes ? "truncated" : "too long", layout->bytes,
                     element_descr(layout->type), fmt::join(layout->shape, ", "), body.size()));
  }
  if (layout->type == ElementType::boolean) {
    const auto wrong =
        std::find_if(body.begin(), body.end(), [](char c) { return c != '\0' && c != '\1'; });
    if (wrong != body.end()) {
      fail(fmt::format("byte {}: a boolean is {}, expected 0 or 1",
                       layout->body + static_cast<std::size_t>(wrong - body.begin()),
                       static_cast<int>(static_cast<unsigned char>(*wrong))));
    }
  }
  Array array;
  array.type = layout->type;
  array.shape = layout->shape;
  array.bytes = layout->fortran_order && array.shape.size() > 1 && layout->bytes > 0
                    ? to_c_order(body, array.shape, element_size(array.type))
                    : std::string(body);
  return array;
}

Array read_npy(const std::filesystem::path& file) {
  return parse_npy(read_file_bytes(file, "an NPY file"), fmt::format("'{}'", file.string()));
}

std::string npy_bytes(const Array& array) {
  std::string shape = fmt::format("{}", fmt::join(array.shape, ", "));
  if (array.shape.size() == 1) shape += ',';
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   element_descr(array.type), shape);
  // The numbers start at a multiple of 64, as NumPy has it.
  constexpr std::size_t kBefore = 10;
  constexpr std::size_t kAlignment = 64;
  const std::size_t used = kBefore + header.size() + 1;
  header.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  header += '\n';
  std::string bytes(kMagic);
  bytes += '\1';
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xFFU);
  bytes += static_cast<char>(header.size() >> 8U);
  return bytes + header + array.bytes;
}

}  // namespace spurion::data
