#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "spurion/error.hpp"

namespace spurion {

/// Holds an advisory lock on a file for as long as it lives; the kernel lets go when the process
/// dies, however it dies, so there are no stale locks.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / "store.lock";
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
      throw StoreError(fmt::format("output folder '{}' is not writable: {}", folder.string(),
                                   std::strerror(errno)));
    }
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      ::close(descriptor_);
      throw StoreError(
          fmt::format("output folder '{}' is in use by another spurion process; wait for it, or "
                      "use another --out",
                      folder.string()));
    }
  }
  ~FolderLock() { ::close(descriptor_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace spurion
