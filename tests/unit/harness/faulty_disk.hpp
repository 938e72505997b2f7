#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace spurion::tests {

/// What a disk does to a process that writes.
enum class Fault {
  none,
  kill,       ///< the process is gone: nothing more is written, what was written stays
  power_cut,  ///< the same, and of what was not synced any sectors may be lost
  full,       ///< there is no room for any write
  full_once,  ///< there is no room for one write
  refused,    ///< every change fails, as beyond a quota or where a disk became read-only
  no_sync,    ///< bytes cannot be put on the disk
};

/// A disk under SQLite that fails when it is told to. While it lives, all databases of the process
/// that are opened lie on it. Their files are in the file system; which of their bytes would
/// survive a power cut is noted beside. Syncing costs nothing.
class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  /// Does this at the `change`-th change (write, cut, sync, removal, new file) from now on; from 1.
  void strike(Fault fault, int change);
  /// Whether that has happened.
  [[nodiscard]] bool struck() const { return struck_; }
  /// How many changes were asked for since the last `strike` or `restart`.
  [[nodiscard]] int changes() const { return changes_; }
  /// The machine starts again: files hold what the fault has left, and nothing fails any more. No
  /// database may be open.
  void restart(std::mt19937_64& random);

 private:
  struct Change {
    std::int64_t offset = 0;  ///< of the bytes; -1: the file was cut
    std::string bytes;
    std::int64_t size = 0;  ///< that it was cut to
  };
  /// What of a file survives.
  struct Kept {
    bool has_name = false;  ///< the folder's entry was synced
    bool is_journal = false;
    std::string bytes;            ///< that were synced
    std::vector<Change> changes;  ///< since
  };
  struct File;  ///< as SQLite opens it

  static FaultyDisk& of(sqlite3_vfs* system);
  static int open(sqlite3_vfs* system, const char* name, sqlite3_file* file, int flags, int* got);
  static int remove(sqlite3_vfs* system, const char* name, int sync_folder);
  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset);
  static int truncate(sqlite3_file* file, sqlite3_int64 size);
  static int sync(sqlite3_file* file, int flags);
  static const sqlite3_io_methods& methods();

  /// Counts a change: whether it fails.
  bool fails(bool is_write, bool is_sync);
  static void apply(const Change& change, std::string& bytes);

  sqlite3_vfs* real_;
  sqlite3_vfs own_;
  std::map<std::string, Kept> kept_;  ///< by path
  Fault fault_ = Fault::none;
  int left_ = 0;  ///< changes until it strikes
  int changes_ = 0;
  bool struck_ = false;
};

}  // namespace spurion::tests
