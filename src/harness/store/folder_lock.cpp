#include "harness/store/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// Asks for the lock of the whole file without waiting; 0 or -1 with errno.
int ask_for_lock(int descriptor) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  int result = -1;
  do {
    result = ::fcntl(descriptor, F_OFD_SETLK, &whole);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

bool has_no_locks(int error) {
  return error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP || error == EINVAL;
}

std::string lock_problem(const std::filesystem::path& folder, int error) {
  const std::string place = fmt::format("output folder '{}'", folder.string());
  switch (error) {
    case EWOULDBLOCK:
      return fmt::format(
          "{} is in use by another spurion process; wait for it, or use another --out", place);
    case ENOLCK:
      return fmt::format(
          "{} cannot be locked: the system has no locks left, or the file server has no lock "
          "service; use an --out on a local disk",
          place);
    case ENOSYS:
    case EINVAL:
    case EOPNOTSUPP:
      return fmt::format(
          "{} cannot be locked: its file system has no locks; use an --out on a local disk", place);
    case EACCES:
    case EPERM:
      return fmt::format(
          "{} cannot be locked: you have no permission to write 'store.lock' in it; use another "
          "--out",
          place);
    case EROFS:
      return fmt::format("{} is on a read-only file system; use another --out", place);
    default:
      return fmt::format("{} cannot be locked: {}", place, std::strerror(error));
  }
}

FolderLock::FolderLock(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "store.lock";
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    const int error = errno;
    if (error == EROFS) throw StoreError(lock_problem(folder, error));
    throw StoreError(fmt::format("output folder '{}' is not writable: {}", folder.string(),
                                 std::strerror(error)));
  }
  if (ask_for_lock(descriptor_) == 0) return;
  const int error = errno;
  ::close(descriptor_);
  if (has_no_locks(error)) throw NoLocks(lock_problem(folder, error));
  throw StoreError(lock_problem(folder, error));
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace spurion::harness
