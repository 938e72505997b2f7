#pragma once

#include <sqlite3.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "harness/store/network_folder.hpp"
#include "harness/store/seal.hpp"
#include "spurion/error.hpp"

namespace spurion::harness::sqlite {

/// A file whose bytes are not what was written.
class DamagedFile : public StoreError {
 public:
  using StoreError::StoreError;
};

struct Closer {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

/// The name of a file that nobody changes while it is open: SQLite asks for no locks.
inline std::string immutable_uri(const std::string& file) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char letter : file) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '%' || letter == '?' || letter == '#') {
      uri += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    } else {
      uri += letter;
    }
  }
  return uri + "?immutable=1";
}

/// What a file is opened for.
enum class Access { read, write };

/// An open database; every failure is a `StoreError` that names the file.
class Database {
 public:
  /// `write` makes the file when it is missing. `read` neither makes nor changes anything, but for
  /// taking back what a writer that was killed had not finished. Files on network file systems are
  /// replaced whole, never changed (`StagedFolder`), so they are read without asking for locks,
  /// which the file server may not have.
  Database(const std::filesystem::path& file, Access access) : file_(file.string()) {
    refuse_pipe(file);
    if (access == Access::read && !network_file_system(file).empty()) {
      open(SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, immutable_uri(file_));
      return;
    }
    // One thread at a time uses it: a lock around each value would cost a tenth of the time.
    open(SQLITE_OPEN_NOMUTEX |
         (access == Access::read ? SQLITE_OPEN_READONLY
                                 : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    if (access == Access::write) return;
    const int code =
        sqlite3_exec(handle_.get(), "SELECT 1 FROM sqlite_master", nullptr, nullptr, nullptr);
    if ((code & 0xff) == SQLITE_READONLY) open(SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX);
  }
  void execute(const std::string& sql) {
    const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code);
  }
  [[noreturn]] void fail(int code) const {
    const std::string detail = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
    const std::string place = "store '" + file_ + "': ";
    switch (code & 0xff) {
      case SQLITE_NOTADB:
      case SQLITE_CORRUPT:
      case SQLITE_FORMAT:
        throw DamagedFile(
            place + detail +
            "; the file is damaged or not a spurion store: move it away and run again");
      case SQLITE_ERROR:  // what our statements name is not there
        throw DamagedFile(place + detail);
      case SQLITE_BUSY:
        throw StoreError(place + "another process keeps it locked (" + detail +
                         "); wait for it, or copy the folder and use the copy");
      case SQLITE_READONLY:
        throw StoreError(place + detail +
                         (code == SQLITE_READONLY_ROLLBACK
                              ? "; a run was killed while it wrote, and the repair must write the "
                                "file: copy the folder and use the copy"
                              : "; use another --out"));
      case SQLITE_FULL:
        throw StoreError(place + detail +
                         "; what is stored stays: make room, and the same command goes on");
      case SQLITE_IOERR:
      case SQLITE_CANTOPEN:
        throw StoreError(place + detail + system_reason());
      default:
        throw StoreError(place + detail);
    }
  }
  [[nodiscard]] sqlite3* get() const { return handle_.get(); }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  /// " (Disk quota exceeded)": why the system refused; empty where it did not say.
  [[nodiscard]] std::string system_reason() const {
    const int error = handle_ ? sqlite3_system_errno(handle_.get()) : 0;
    return error == 0 ? std::string() : std::string(" (") + std::strerror(error) + ")";
  }
  /// To open a pipe would wait for ever for somebody who writes into it.
  void refuse_pipe(const std::filesystem::path& file) const {
    std::error_code unreadable;  // opening says what is wrong
    const auto status = std::filesystem::status(file, unreadable);
    if (!std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) return;
    throw StoreError("store '" + file_ +
                     "': it is not a plain file but a folder, a pipe, a socket or a device: move "
                     "it away and run again");
  }
  void open(int flags) { open(flags, file_); }
  void open(int flags, const std::string& name) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &raw, flags, nullptr);
    handle_.reset(raw);
    if (code != SQLITE_OK) fail(code);
    sqlite3_extended_result_codes(raw, 1);
    // A writer waits for reports that are being read, however long they take.
    sqlite3_busy_timeout(raw, 3'600'000);
  }

  std::string file_;
  std::unique_ptr<sqlite3, Closer> handle_;
};

/// A prepared statement with typed binding and columns.
class Statement {
 public:
  Statement(const Database& database, const std::string& sql) : database_(&database) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v2(database.get(), sql.c_str(), -1, &raw, nullptr);
    handle_.reset(raw);
    if (code != SQLITE_OK) database.fail(code);
  }
  Statement& bind(int index, std::string_view value) {
    return check(sqlite3_bind_text(handle_.get(), index, value.empty() ? "" : value.data(),
                                   static_cast<int>(value.size()), SQLITE_TRANSIENT));
  }
  Statement& bind(int index, std::int64_t value) {
    return check(sqlite3_bind_int64(handle_.get(), index, value));
  }
  Statement& bind(int index, double value) {
    return check(std::isfinite(value) ? sqlite3_bind_double(handle_.get(), index, as_stored(value))
                                      : sqlite3_bind_null(handle_.get(), index));
  }
  Statement& bind(int index, const Digest& value) {
    return check(sqlite3_bind_blob(handle_.get(), index, value.data(),
                                   static_cast<int>(value.size()), SQLITE_TRANSIENT));
  }
  /// True while there is a row.
  bool step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) database_->fail(code);
    return false;
  }
  /// Makes it ready to be bound and stepped again.
  void reset() { sqlite3_reset(handle_.get()); }
  /// Runs a statement that gives no rows, ready to be bound again.
  void run() {
    step();
    reset();
  }
  [[nodiscard]] bool is_text(int column) const { return type(column) == SQLITE_TEXT; }
  [[nodiscard]] std::string text(int column) const { return std::string(view(column)); }
  /// Holds until the next `step`.
  [[nodiscard]] std::string_view view(int column) const {
    const unsigned char* data = sqlite3_column_text(handle_.get(), column);
    const int size = sqlite3_column_bytes(handle_.get(), column);
    return data == nullptr ? std::string_view()
                           : std::string_view(reinterpret_cast<const char*>(data),
                                              static_cast<std::size_t>(size));
  }
  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
  }
  [[nodiscard]] double number(int column) const {
    return type(column) == SQLITE_NULL ? std::numeric_limits<double>::quiet_NaN()
                                       : sqlite3_column_double(handle_.get(), column);
  }
  /// Zeros where the column holds anything else.
  [[nodiscard]] Digest digest(int column) const {
    Digest out{};
    if (type(column) != SQLITE_BLOB) return out;
    const void* data = sqlite3_column_blob(handle_.get(), column);
    if (data != nullptr && sqlite3_column_bytes(handle_.get(), column) == sizeof(out)) {
      std::memcpy(out.data(), data, sizeof(out));
    }
    return out;
  }
  /// Adds what a column holds, as what it holds it.
  void seal(Seal& seal, int column) const {
    switch (type(column)) {
      case SQLITE_INTEGER:
        seal.add(integer(column));
        break;
      case SQLITE_FLOAT:
        seal.add(sqlite3_column_double(handle_.get(), column));
        break;
      case SQLITE_TEXT:
        seal.add(view(column));
        break;
      case SQLITE_NULL:
        seal.null();
        break;
      default:
        if (sqlite3_column_bytes(handle_.get(), column) == sizeof(Digest)) {
          seal.add(digest(column));
        } else {
          seal.foreign();
        }
    }
  }

 private:
  [[nodiscard]] int type(int column) const { return sqlite3_column_type(handle_.get(), column); }
  Statement& check(int code) {
    if (code != SQLITE_OK) database_->fail(code);
    return *this;
  }
  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Closer> handle_;
};

/// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(&database) {
    database.execute("BEGIN IMMEDIATE");
  }
  ~Transaction() {
    if (!done_) sqlite3_exec(database_->get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    database_->execute("COMMIT");
    done_ = true;
  }

 private:
  Database* database_;
  bool done_ = false;
};

}  // namespace spurion::harness::sqlite
