#include "unit/harness/faulty_disk.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "unit/harness/synthetic_store.hpp"

namespace spurion::tests {

namespace {

/// What a disk writes whole or not at all.
constexpr std::int64_t kSector = 512;

}  // namespace

/// The file of the real system lies behind it in memory.
struct FaultyDisk::File {
  sqlite3_file base;
  FaultyDisk* disk;
  Kept* kept;  ///< null: a temporary file
  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
};

FaultyDisk::FaultyDisk() : real_(sqlite3_vfs_find(nullptr)), own_(*real_) {
  own_.zName = "faulty";
  own_.pAppData = this;
  own_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  own_.xOpen = &FaultyDisk::open;
  own_.xDelete = &FaultyDisk::remove;
  sqlite3_vfs_register(&own_, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&own_);
  sqlite3_vfs_register(real_, 1);
}

void FaultyDisk::strike(Fault fault, int change) {
  fault_ = fault;
  left_ = change;
  changes_ = 0;
  struck_ = false;
}

bool FaultyDisk::fails(bool is_write, bool is_sync) {
  ++changes_;
  if (fault_ == Fault::none) return false;
  if (left_ > 0) --left_;
  if (left_ > 0) return false;
  const bool wanted = (fault_ != Fault::full && fault_ != Fault::full_once) || is_write;
  const bool fails = wanted && (fault_ != Fault::no_sync || is_sync);
  struck_ = struck_ || fails;
  if (fails && fault_ == Fault::full_once) fault_ = Fault::none;
  return fails;
}

void FaultyDisk::apply(const Change& change, std::string& bytes) {
  if (change.offset < 0) {
    bytes.resize(static_cast<std::size_t>(change.size), '\0');
    return;
  }
  const auto offset = static_cast<std::size_t>(change.offset);
  bytes.resize(std::max(bytes.size(), offset + change.bytes.size()), '\0');
  bytes.replace(offset, change.bytes.size(), change.bytes);
}

void FaultyDisk::restart(std::mt19937_64& random) {
  const bool power_cut = struck_ && fault_ == Fault::power_cut;
  // All of what was not synced, a half of it, or nothing.
  const std::uint64_t halves = random() % 3;
  const auto survives = [&] { return random() % 2 < halves; };
  for (auto& [path, kept] : kept_) {
    if (!power_cut) break;
    if (!kept.has_name && !survives()) {
      std::filesystem::remove(path);
      continue;
    }
    if (!kept.has_name && !std::filesystem::exists(path)) continue;
    for (const Change& change : kept.changes) {
      if (change.offset < 0) {
        if (survives()) apply(change, kept.bytes);
        continue;
      }
      const auto size = static_cast<std::int64_t>(change.bytes.size());
      for (std::int64_t at = 0; at < size;) {
        const std::int64_t end = std::min(size, at + kSector - (change.offset + at) % kSector);
        const auto first = static_cast<std::size_t>(at);
        const auto count = static_cast<std::size_t>(end - at);
        if (survives()) apply({change.offset + at, change.bytes.substr(first, count)}, kept.bytes);
        at = end;
      }
    }
    write_bytes(path, kept.bytes);
  }
  kept_.clear();
  strike(Fault::none, 0);
}

FaultyDisk& FaultyDisk::of(sqlite3_vfs* system) {
  return *static_cast<FaultyDisk*>(system->pAppData);
}

const sqlite3_io_methods& FaultyDisk::methods() {
  static const sqlite3_io_methods table = [] {
    sqlite3_io_methods own{};
    own.iVersion = 1;
    own.xClose = [](sqlite3_file* file) {
      sqlite3_file* real = File::of(file).real();
      return real->pMethods == nullptr ? SQLITE_OK : real->pMethods->xClose(real);
    };
    own.xRead = [](sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
      sqlite3_file* real = File::of(file).real();
      return real->pMethods->xRead(real, bytes, size, offset);
    };
    own.xWrite = &FaultyDisk::write;
    own.xTruncate = &FaultyDisk::truncate;
    own.xSync = &FaultyDisk::sync;
    own.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
      sqlite3_file* real = File::of(file).real();
      return real->pMethods->xFileSize(real, size);
    };
    own.xLock = [](sqlite3_file* file, int level) {
      sqlite3_file* real = File::of(file).real();
      return real->pMethods->xLock(real, level);
    };
    own.xUnlock = [](sqlite3_file* file, int level) {
      sqlite3_file* real = File::of(file).real();
      return real->pMethods->xUnlock(real, level);
    };
    own.xCheckReservedLock = [](sqlite3_file* file, int* locked) {
      sqlite3_file* real = File::of(file).real();
      return real->pMethods->xCheckReservedLock(real, locked);
    };
    own.xFileControl = [](sqlite3_file* file, int what, void* argument) {
      sqlite3_file* real = File::of(file).real();
      return real->pMethods->xFileControl(real, what, argument);
    };
    own.xSectorSize = [](sqlite3_file* file) {
      sqlite3_file* real = File::of(file).real();
      return real->pMethods->xSectorSize(real);
    };
    own.xDeviceCharacteristics = [](sqlite3_file* file) {
      sqlite3_file* real = File::of(file).real();
      return real->pMethods->xDeviceCharacteristics(real);
    };
    return own;
  }();
  return table;
}

int FaultyDisk::open(sqlite3_vfs* system, const char* name, sqlite3_file* file, int flags,
                     int* got) {
  FaultyDisk& disk = of(system);
  File& own = File::of(file);
  own.base.pMethods = nullptr;
  own.disk = &disk;
  own.kept = nullptr;
  const bool named = name != nullptr && (flags & SQLITE_OPEN_DELETEONCLOSE) == 0;
  const bool there = named && std::filesystem::exists(name);
  if (named && !there && (flags & SQLITE_OPEN_CREATE) != 0 && disk.fails(false, false)) {
    return SQLITE_CANTOPEN;
  }
  const int code = disk.real_->xOpen(disk.real_, name, own.real(), flags, got);
  if (code != SQLITE_OK) return code;
  if (named) {
    Kept& kept = disk.kept_[name];
    // What was there before the disk was, or before it started again, is on it.
    if (there && !kept.has_name && kept.changes.empty()) {
      kept.has_name = true;
      kept.bytes = bytes_of(name);
    }
    if (!there) kept = {};
    kept.is_journal = (flags & SQLITE_OPEN_MAIN_JOURNAL) != 0;
    own.kept = &kept;
  }
  own.base.pMethods = &methods();
  return SQLITE_OK;
}

int FaultyDisk::remove(sqlite3_vfs* system, const char* name, int sync_folder) {
  FaultyDisk& disk = of(system);
  if (!std::filesystem::exists(name)) return SQLITE_IOERR_DELETE_NOENT;
  if (disk.fails(false, false)) return SQLITE_IOERR_DELETE;
  // Where the folder is not synced, the file may come back.
  if (sync_folder != 0) disk.kept_[name] = {};
  return disk.real_->xDelete(disk.real_, name, 0);
}

int FaultyDisk::write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  File& own = File::of(file);
  const bool has_power = !own.disk->struck_;
  const bool fails = own.disk->fails(true, false);
  // Of a write in which the power is cut a part may be on the disk.
  const bool in_part = own.disk->fault_ == Fault::power_cut && has_power;
  if (own.kept != nullptr && (!fails || in_part)) {
    own.kept->changes.push_back(
        {offset, std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size))});
  }
  if (fails) {
    const Fault fault = own.disk->fault_;
    return fault == Fault::full || fault == Fault::none ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  return own.real()->pMethods->xWrite(own.real(), bytes, size, offset);
}

int FaultyDisk::truncate(sqlite3_file* file, sqlite3_int64 size) {
  File& own = File::of(file);
  if (own.disk->fails(false, false)) return SQLITE_IOERR_TRUNCATE;
  if (own.kept != nullptr) own.kept->changes.push_back({-1, "", size});
  return own.real()->pMethods->xTruncate(own.real(), size);
}

int FaultyDisk::sync(sqlite3_file* file, int /*flags*/) {
  File& own = File::of(file);
  if (own.disk->fails(false, true)) return SQLITE_IOERR_FSYNC;
  if (own.kept == nullptr) return SQLITE_OK;
  for (const Change& change : own.kept->changes) apply(change, own.kept->bytes);
  own.kept->changes.clear();
  own.kept->has_name = true;
  if (own.kept->is_journal) {  // SQLite syncs its folder, too
    for (auto& [path, kept] : own.disk->kept_) {
      kept.has_name = kept.has_name || std::filesystem::exists(path);
    }
  }
  return SQLITE_OK;
}

}  // namespace spurion::tests
