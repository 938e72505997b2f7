#pragma once

#include <sqlite3.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>

#include "spurion/error.hpp"

namespace spurion::sqlite {

/// Raised when a file of ours has another layout of tables.
constexpr int kSchemaVersion = 1;

struct Closer {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

/// An open database; every failure is a `StoreError` that names the file.
class Database {
 public:
  Database(const std::filesystem::path& file, int flags) : file_(file.string()) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(file_.c_str(), &raw, flags, nullptr);
    handle_.reset(raw);
    if (code != SQLITE_OK) fail(code);
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, 10000);
  }
  void execute(const std::string& sql) {
    const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code);
  }
  [[noreturn]] void fail(int code) const {
    const char* detail = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
    std::string advice;
    const int primary = code & 0xff;
    if (primary == SQLITE_NOTADB || primary == SQLITE_CORRUPT) {
      advice = "; the file is damaged or not a spurion store: move it away and run again";
    }
    throw StoreError("store '" + file_ + "': " + detail + advice);
  }
  [[nodiscard]] sqlite3* get() const { return handle_.get(); }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
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
  Statement& bind(int index, const std::string& value) {
    return check(sqlite3_bind_text(handle_.get(), index, value.data(),
                                   static_cast<int>(value.size()), SQLITE_TRANSIENT));
  }
  Statement& bind(int index, std::int64_t value) {
    return check(sqlite3_bind_int64(handle_.get(), index, value));
  }
  Statement& bind(int index, double value) {
    return check(std::isfinite(value) ? sqlite3_bind_double(handle_.get(), index, value)
                                      : sqlite3_bind_null(handle_.get(), index));
  }
  /// True while there is a row.
  bool step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) database_->fail(code);
    return false;
  }
  /// Runs a statement that gives no rows, ready to be bound again.
  void run() {
    step();
    sqlite3_reset(handle_.get());
  }
  [[nodiscard]] std::string text(int column) const {
    const unsigned char* data = sqlite3_column_text(handle_.get(), column);
    const int size = sqlite3_column_bytes(handle_.get(), column);
    return data == nullptr
               ? std::string()
               : std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
  }
  [[nodiscard]] double number(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL
               ? std::numeric_limits<double>::quiet_NaN()
               : sqlite3_column_double(handle_.get(), column);
  }

 private:
  Statement& check(int code) {
    if (code != SQLITE_OK) database_->fail(code);
    return *this;
  }
  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Closer> handle_;
};

}  // namespace spurion::sqlite
