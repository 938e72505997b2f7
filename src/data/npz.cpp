#include "data/npz.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <memory>
#include <optional>

#include "data/file_bytes.hpp"
#include "data/npy.hpp"
#include "spurion/error.hpp"

namespace spurion::data {

namespace {

constexpr std::string_view kSuffix = ".npy";
/// Deflate packs no more than this many bytes into one.
constexpr std::uint64_t kMostPacked = 1032;
constexpr std::uint64_t kSlack = 1024;
constexpr std::uint64_t kReadAtOnce = std::uint64_t{1} << 16;

std::string open_message(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return std::isprint(static_cast<unsigned char>(c)) == 0; }, '?');
  return text;
}

/// One entry's bytes, as many as its header says.
class Entry {
 public:
  Entry(zip_t* archive, const std::filesystem::path& file, std::uint64_t index)
      : archive_(archive), file_(file) {
    zip_stat_init(&stat_);
    if (zip_stat_index(archive, index, 0, &stat_) != 0 || (stat_.valid & kNeeded) != kNeeded) {
      refuse_file(file, fmt::format("entry {} of the archive has no complete header", index));
    }
    name_ = stat_.name;
    if (name_.size() <= kSuffix.size() ||
        name_.compare(name_.size() - kSuffix.size(), kSuffix.size(), kSuffix) != 0) {
      refuse_file(file,
                  fmt::format("entry '{}': expected a name that ends with .npy", printable(name_)));
    }
    name_.resize(name_.size() - kSuffix.size());
    if ((stat_.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat_.encryption_method != ZIP_EM_NONE) {
      fail("it is encrypted");
    }
    if (stat_.comp_method != ZIP_CM_STORE && stat_.comp_method != ZIP_CM_DEFLATE) {
      fail(fmt::format("packed by method {}; expected stored (0) or deflated (8)",
                       stat_.comp_method));
    }
    const std::uint64_t most = stat_.comp_method == ZIP_CM_STORE
                                   ? stat_.comp_size
                                   : stat_.comp_size * kMostPacked + kSlack;
    if (stat_.size > most) {
      fail(fmt::format("said to unpack to {} bytes, but its {} bytes hold at most {}", stat_.size,
                       stat_.comp_size, most));
    }
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t size() const { return stat_.size; }
  [[nodiscard]] std::string place() const {
    return fmt::format("'{}', array '{}'", file_.string(), printable(name_));
  }

  [[nodiscard]] std::string read() const {
    const std::unique_ptr<zip_file_t, CloseFile> input(zip_fopen_index(archive_, stat_.index, 0));
    if (input == nullptr) fail(zip_error_strerror(zip_get_error(archive_)));
    std::string bytes;
    // A few bytes may unpack to very many: the array's header says soon whether they are wanted.
    bool expected = false;
    // To the end and beyond: the check sum is looked at where the data end.
    for (;;) {
      const std::size_t before = bytes.size();
      bytes.resize(before + std::min(kReadAtOnce, stat_.size - before + 1));
      const zip_int64_t found =
          zip_fread(input.get(), bytes.data() + before, bytes.size() - before);
      if (found < 0) fail(zip_error_strerror(zip_file_get_error(input.get())));
      bytes.resize(before + static_cast<std::size_t>(found));
      if (bytes.size() > stat_.size) fail("it unpacks to more bytes than its header says");
      if (found == 0) break;
      if (expected) continue;
      const std::optional<std::uint64_t> size = npy_size(bytes, place());
      if (size && *size != stat_.size) {
        fail(fmt::format("{}: the array's header says {} bytes in all, the archive {}",
                         *size > stat_.size ? "truncated" : "too long", *size, stat_.size));
      }
      expected = size.has_value();
    }
    if (bytes.size() != stat_.size) {
      fail(fmt::format("truncated: expected {} bytes, found {}", stat_.size, bytes.size()));
    }
    return bytes;
  }

 private:
  static constexpr std::uint64_t kNeeded =
      ZIP_STAT_NAME | ZIP_STAT_INDEX | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;

  [[noreturn]] void fail(const std::string& problem) const {
    throw DataError(fmt::format("{}: {}", place(), problem));
  }

  zip_t* archive_;
  const std::filesystem::path& file_;
  zip_stat_t stat_{};
  std::string name_;
};

[[noreturn]] void refuse_output(const std::filesystem::path& file, const std::string& problem) {
  throw StoreError(fmt::format("cannot write '{}': {}", file.string(), problem));
}

}  // namespace

bool is_zip(std::string_view bytes) {
  return bytes.substr(0, 4) == "PK\x03\x04" || bytes.substr(0, 4) == "PK\x05\x06";
}

std::map<std::string, Array> read_npz(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) refuse_file(file, "there is no such file");
  if (!std::filesystem::is_regular_file(status)) {
    refuse_file(file, "expected an NPZ file, found something that is not a regular file");
  }
  const std::uintmax_t file_size = std::filesystem::file_size(file, error);
  if (error) refuse_file(file, fmt::format("its size is unknown: {}", error.message()));
  int code = 0;
  const Archive archive(zip_open(file.c_str(), ZIP_RDONLY, &code));
  if (archive == nullptr) {
    refuse_file(file, fmt::format("not an NPZ file that can be read: {}", open_message(code)));
  }
  const auto entries = static_cast<std::uint64_t>(zip_get_num_entries(archive.get(), 0));
  std::map<std::string, Array> arrays;
  // Entries may claim the same bytes of the file; all together they may not unpack to more than it
  // can hold.
  std::uint64_t left = file_size * kMostPacked + kSlack;
  for (std::uint64_t index = 0; index < entries; ++index) {
    const Entry entry(archive.get(), file, index);
    if (arrays.count(entry.name()) != 0) {
      throw DataError(entry.place() + ": there are two arrays of this name");
    }
    if (entry.size() > left) {
      throw DataError(entry.place() + ": the arrays unpack to more than the file can hold");
    }
    left -= entry.size();
    arrays.emplace(entry.name(), parse_npy(entry.read(), entry.place()));
  }
  return arrays;
}

void write_npz(const std::filesystem::path& file,
               const std::vector<std::pair<std::string, Array>>& arrays, Compression compression) {
  std::vector<std::string> contents;
  contents.reserve(arrays.size());  // the archive keeps pointers to them until it is closed
  int code = 0;
  Archive archive(zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (archive == nullptr) refuse_output(file, open_message(code));
  for (const auto& [name, array] : arrays) {
    contents.push_back(npy_bytes(array));
    zip_source_t* source =
        zip_source_buffer(archive.get(), contents.back().data(), contents.back().size(), 0);
    const std::string entry = name + std::string(kSuffix);
    const zip_int64_t index =
        source == nullptr ? -1
                          : zip_file_add(archive.get(), entry.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      const std::string problem = zip_error_strerror(zip_get_error(archive.get()));
      if (source != nullptr) zip_source_free(source);
      refuse_output(file, problem);
    }
    const auto at = static_cast<zip_uint64_t>(index);
    // The first day that zip knows, so that the bytes do not tell when they were written.
    constexpr zip_uint16_t kFirstDay = 0x21;
    if (zip_set_file_compression(archive.get(), at,
                                 compression == Compression::store ? ZIP_CM_STORE : ZIP_CM_DEFLATE,
                                 0) != 0 ||
        zip_file_set_dostime(archive.get(), at, 0, kFirstDay, 0) != 0) {
      refuse_output(file, zip_error_strerror(zip_get_error(archive.get())));
    }
  }
  if (zip_close(archive.get()) != 0) {
    refuse_output(file, zip_error_strerror(zip_get_error(archive.get())));
  }
  (void)archive.release();  // closed
}

}  // namespace spurion::data
