#pragma once

#include <filesystem>
#include <string>

#include "spurion/error.hpp"
#include "spurion/export.hpp"

namespace spurion::harness {

/// A folder whose file system, or file server, has no locks.
class SPURION_API NoLocks : public StoreError {
 public:
  using StoreError::StoreError;
};

/// Whether a lock failed because there are none, not because another holds it.
SPURION_API bool has_no_locks(int error);

/// What a failed lock on a folder's lock file means and what to do, by its errno.
SPURION_API std::string lock_problem(const std::filesystem::path& folder, int error);

/// Holds an advisory lock on a file for as long as it lives, by `fcntl`, which network file systems
/// have. It belongs to the open file, not to the process. The kernel lets go when the process dies,
/// however it dies, so there are no stale locks.
class SPURION_API FolderLock {
 public:
  /// Throws `NoLocks` where the file system has none, and another `StoreError` when the lock cannot
  /// be had.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace spurion::harness
