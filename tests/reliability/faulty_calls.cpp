// The calls by which a process writes, with a fault where the environment asks for one:
//   SPURION_FAULT="full 37"        at the 37th change of a file below SPURION_FAULT_FOLDER
// kill: the process is gone; full, quota, read_only: this change and all later ones fail.
// SQLite and the standard library call these in place of those of the system.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

int changes = 0;

bool is_below(int descriptor, const char* folder) {
  char link[64];
  char path[PATH_MAX];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link, path, sizeof(path));
  const std::size_t length = std::strlen(folder);
  return size > static_cast<ssize_t>(length) && std::strncmp(path, folder, length) == 0;
}

/// The error that a change of this file is to end in; 0: none.
int fault(int descriptor) {
  const char* wanted = std::getenv("SPURION_FAULT");
  const char* folder = std::getenv("SPURION_FAULT_FOLDER");
  if (wanted == nullptr || folder == nullptr || !is_below(descriptor, folder)) return 0;
  const char* number = std::strchr(wanted, ' ');
  if (number == nullptr || ++changes < std::atoi(number)) return 0;
  if (std::strncmp(wanted, "kill", 4) == 0) raise(SIGKILL);
  if (std::strncmp(wanted, "full", 4) == 0) return ENOSPC;
  return std::strncmp(wanted, "quota", 5) == 0 ? EDQUOT : EROFS;
}

template <class Call>
Call system_call(const char* name) {
  return reinterpret_cast<Call>(dlsym(RTLD_NEXT, name));
}

/// Calls what the system has under this name, unless a fault comes first.
template <class Result, class... Arguments>
Result guarded(const char* name, int descriptor, Arguments... arguments) {
  using Call = Result (*)(int, Arguments...);
  if (const int error = fault(descriptor); error != 0) {
    errno = error;
    return -1;
  }
  return system_call<Call>(name)(descriptor, arguments...);
}

}  // namespace

// Libraries find these before those of the system.
#pragma GCC visibility push(default)
extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t size) {
  return guarded<ssize_t>("write", descriptor, bytes, size);
}
ssize_t writev(int descriptor, const iovec* parts, int count) {
  return guarded<ssize_t>("writev", descriptor, parts, count);
}
ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  return guarded<ssize_t>("pwrite", descriptor, bytes, size, offset);
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  return guarded<ssize_t>("pwrite64", descriptor, bytes, size, offset);
}
int fsync(int descriptor) { return guarded<int>("fsync", descriptor); }
int fdatasync(int descriptor) { return guarded<int>("fdatasync", descriptor); }

}  // extern "C"
#pragma GCC visibility pop
