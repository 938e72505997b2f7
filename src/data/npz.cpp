#include "data/npz.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zip.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <memory>
#include <optional>

#include "data/file_bytes.hpp"
#include "data/memory_limit.hpp"
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
using Zip = std::unique_ptr<zip_t, Discard>;

struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

std::string printable_name(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return std::isprint(static_cast<unsigned char>(c)) == 0; }, '?');
  return text;
}

std::string place_of(const std::filesystem::path& file, const std::string& array) {
  return fmt::format("'{}', array '{}'", file.string(), printable_name(array));
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
      refuse_file(file, fmt::format("entry '{}': expected a name that ends with .npy",
                                    printable_name(name_)));
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
  [[nodiscard]] std::string place() const { return place_of(file_, name_); }

  /// What the array's header says, of which only the first bytes are unpacked.
  [[nodiscard]] NpyHeader header() const {
    const File input = open();
    std::string bytes;
    while (more(input, bytes) > 0) {
      if (auto header = read_npy_header(bytes, place())) {
        if (header->bytes == stat_.size) return *header;
        fail(fmt::format("{}: the array's header says {} bytes in all, the archive {}",
                         header->bytes > stat_.size ? "truncated" : "too long", header->bytes,
                         stat_.size));
      }
    }
    (void)parse_npy(bytes, place());  // throws: it ends before its header does
    fail("it has no header");
  }

  [[nodiscard]] std::string read() const {
    const File input = open();
    std::string bytes;
    bytes.reserve(stat_.size + 1);
    // To the end and beyond: the check sum is looked at where the data end.
    while (more(input, bytes) > 0) {
    }
    if (bytes.size() != stat_.size) {
      fail(fmt::format("truncated: expected {} bytes, found {}", stat_.size, bytes.size()));
    }
    return bytes;
  }

 private:
  static constexpr std::uint64_t kNeeded =
      ZIP_STAT_NAME | ZIP_STAT_INDEX | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;

  using File = std::unique_ptr<zip_file_t, CloseFile>;

  [[noreturn]] void fail(const std::string& problem) const {
    throw DataError(fmt::format("{}: {}", place(), problem));
  }

  [[nodiscard]] File open() const {
    File input(zip_fopen_index(archive_, stat_.index, 0));
    if (input == nullptr) fail(zip_error_strerror(zip_get_error(archive_)));
    return input;
  }

  /// Unpacks the next bytes; how many: 0 at the end.
  std::size_t more(const File& input, std::string& bytes) const {
    const std::size_t before = bytes.size();
    bytes.resize(before + std::min(kReadAtOnce, stat_.size - before + 1));
    const zip_int64_t found = zip_fread(input.get(), bytes.data() + before, bytes.size() - before);
    if (found < 0) fail(zip_error_strerror(zip_file_get_error(input.get())));
    bytes.resize(before + static_cast<std::size_t>(found));
    if (bytes.size() > stat_.size) fail("it unpacks to more bytes than its header says");
    return static_cast<std::size_t>(found);
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

struct NpzFile::Archive {
  Archive() = default;
  ~Archive() {
    if (zip != nullptr) zip_discard(zip);
  }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;
  zip_t* zip = nullptr;
};

NpzFile::NpzFile(std::filesystem::path file)
    : file_(std::move(file)), archive_(std::make_unique<Archive>()) {
  require_regular(file_, "an NPZ file");
  std::error_code error;
  const std::uintmax_t file_size = std::filesystem::file_size(file_, error);
  if (error) refuse_file(file_, fmt::format("its size is unknown: {}", error.message()));
  int code = 0;
  archive_->zip = zip_open(file_.c_str(), ZIP_RDONLY, &code);
  if (archive_->zip == nullptr) {
    refuse_file(file_, fmt::format("not an NPZ file that can be read: {}", open_message(code)));
  }
  const auto entries = static_cast<std::uint64_t>(zip_get_num_entries(archive_->zip, 0));
  // Entries may claim the same bytes of the file; all together they may not unpack to more than it
  // can hold.
  std::uint64_t left = file_size * kMostPacked + kSlack;
  for (std::uint64_t index = 0; index < entries; ++index) {
    const Entry entry(archive_->zip, file_, index);
    if (entry.size() > left) {
      throw DataError(entry.place() + ": the arrays unpack to more than the file can hold");
    }
    left -= entry.size();
    entries_.push_back({entry.name(), entry.header(), index});
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const NpzEntry& a, const NpzEntry& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(entries_.begin(), entries_.end(),
                         [](const NpzEntry& a, const NpzEntry& b) { return a.name == b.name; });
  if (twice != entries_.end()) {
    throw DataError(place(*twice) + ": there are two arrays of this name");
  }
}

NpzFile::~NpzFile() = default;

const NpzEntry* NpzFile::find(const std::string& name) const {
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), name,
      [](const NpzEntry& entry, const std::string& wanted) { return entry.name < wanted; });
  return found == entries_.end() || found->name != name ? nullptr : &*found;
}

std::string NpzFile::place(const NpzEntry& entry) const { return place_of(file_, entry.name); }

Array NpzFile::read(const NpzEntry& entry) const {
  constexpr double kCopies = 2.0;  // the entry's bytes and the array's
  require_memory(kCopies * static_cast<double>(entry.header.bytes), place(entry),
                 fmt::format("{} of shape ({})", element_descr(entry.header.type),
                             fmt::join(entry.header.shape, ", ")));
  return parse_npy(Entry(archive_->zip, file_, entry.index).read(), place(entry));
}

std::map<std::string, Array> read_npz(const std::filesystem::path& file) {
  const NpzFile archive(file);
  double bytes = 0.0;
  for (const NpzEntry& entry : archive.entries()) bytes += static_cast<double>(entry.header.bytes);
  require_memory(bytes, fmt::format("'{}'", file.string()), "what its arrays unpack to");
  std::map<std::string, Array> arrays;
  for (const NpzEntry& entry : archive.entries()) arrays.emplace(entry.name, archive.read(entry));
  return arrays;
}

void write_npz(const std::filesystem::path& file,
               const std::vector<std::pair<std::string, Array>>& arrays, Compression compression) {
  std::vector<std::string> contents;
  contents.reserve(arrays.size());  // the archive keeps pointers to them until it is closed
  int code = 0;
  Zip archive(zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
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
