#pragma once

#include <filesystem>
#include <string>

#include "spurion/export.hpp"

namespace spurion::harness {

/// What a failed `flock` on a folder's lock file means and what to do, by its errno.
SPURION_API std::string lock_problem(const std::filesystem::path& folder, int error);

/// Holds an advisory lock on a file for as long as it lives; the kernel lets go when the process
/// dies, however it dies, so there are no stale locks.
class FolderLock {
 public:
  /// Throws `StoreError` when the lock cannot be had.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace spurion::harness
