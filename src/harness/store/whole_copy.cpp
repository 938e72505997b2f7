#include "harness/store/whole_copy.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "core/whole_rename.hpp"
#include "harness/store/sqlite.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// An open file that closes itself.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& file, int flags)
      : number_(::open(file.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }
  /// Network file systems tell some failures only here.
  [[nodiscard]] bool close() {
    const int number = number_;
    number_ = -1;
    return ::close(number) == 0;
  }

 private:
  int number_;
};

[[noreturn]] void refuse_writing(const std::filesystem::path& file, int error) {
  throw StoreError(fmt::format("cannot write '{}': {}", file.string(), std::strerror(error)));
}

/// A file that gets its name once all of it is on the disk.
class FileBeside {
 public:
  explicit FileBeside(const std::filesystem::path& file)
      : file_(file),
        beside_(file.string() + ".partial"),
        descriptor_(beside_, O_WRONLY | O_CREAT | O_TRUNC) {
    if (descriptor_.number() < 0) refuse_writing(file_, errno);
  }
  ~FileBeside() {
    if (!kept_) ::unlink(beside_.c_str());
  }
  FileBeside(const FileBeside&) = delete;
  FileBeside& operator=(const FileBeside&) = delete;

  void write(const char* bytes, std::size_t size) {
    while (size > 0) {
      const ssize_t written = ::write(descriptor_.number(), bytes, size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) refuse_writing(file_, errno);
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
  }
  void keep() {
    if (!descriptor_.close()) refuse_writing(file_, errno);
    core::put_in_place(beside_, file_);
    kept_ = true;
  }

 private:
  std::filesystem::path file_;
  std::filesystem::path beside_;
  Descriptor descriptor_;
  bool kept_ = false;
};

}  // namespace

void write_whole(const std::string& bytes, const std::filesystem::path& file) {
  std::error_code error;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), error);
  FileBeside out(file);
  out.write(bytes.data(), bytes.size());
  out.keep();
}

void copy_whole(const std::filesystem::path& from, const std::filesystem::path& to) {
  const Descriptor in(from, O_RDONLY);
  if (in.number() < 0) {
    throw StoreError(fmt::format("cannot read '{}': {}", from.string(), std::strerror(errno)));
  }
  FileBeside out(to);
  std::vector<char> block(std::size_t{1} << 20U);
  for (;;) {
    const ssize_t got = ::read(in.number(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw StoreError(fmt::format("cannot read '{}': {}", from.string(), std::strerror(errno)));
    }
    if (got == 0) break;
    out.write(block.data(), static_cast<std::size_t>(got));
  }
  out.keep();
}

namespace {

/// A file that goes away with the object.
class ShortLived {
 public:
  explicit ShortLived(std::filesystem::path file) : file_(std::move(file)) { remove(); }
  ~ShortLived() { remove(); }
  ShortLived(const ShortLived&) = delete;
  ShortLived& operator=(const ShortLived&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return file_; }

 private:
  void remove() const { ::unlink(file_.c_str()); }
  std::filesystem::path file_;
};

}  // namespace

void copy_store(const std::filesystem::path& from, const std::filesystem::path& to) {
  // SQLite makes the first copy: to open the file of a store beside SQLite and close it again would
  // give up the locks that this process holds on it.
  const ShortLived copy(from.string() + ".copy");
  {
    sqlite::Database source(from, sqlite::Access::read);
    sqlite::Database target(copy.path(), sqlite::Access::write);
    target.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF");
    sqlite3_backup* backup = sqlite3_backup_init(target.get(), "main", source.get(), "main");
    if (backup == nullptr) target.fail(sqlite3_errcode(target.get()));
    const int copied = sqlite3_backup_step(backup, -1);
    const int code = sqlite3_backup_finish(backup);
    if (code != SQLITE_OK) source.fail(code);
    if (copied != SQLITE_DONE) source.fail(copied);  // a lock that is held is no error to `finish`
  }
  copy_whole(copy.path(), to);
}

}  // namespace spurion::harness
