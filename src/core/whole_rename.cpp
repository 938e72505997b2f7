#include "core/whole_rename.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "spurion/error.hpp"

namespace spurion::core {

namespace {

/// Puts the bytes of a file, or the names in a folder, on the disk: 0, or the error of the system.
/// That a file system knows no such request is none.
int put_on_disk(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return error == EINVAL || error == ENOTSUP || error == EROFS ? 0 : error;
}

}  // namespace

void put_in_place(const std::filesystem::path& beside, const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& reason) {
    throw StoreError(fmt::format("cannot write '{}': {}", file.string(), reason));
  };
  // Only now do some file servers say that there is no room.
  if (const int error = put_on_disk(beside); error != 0) refuse(std::strerror(error));
  std::error_code error;
  std::filesystem::rename(beside, file, error);
  if (error) refuse(error.message());
  const std::filesystem::path folder = file.parent_path();
  // The name is there; where it cannot be put on the disk at once, the system does so later.
  static_cast<void>(put_on_disk(folder.empty() ? "." : folder));
}

}  // namespace spurion::core
