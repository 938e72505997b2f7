#include "core/text_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "spurion/error.hpp"

namespace spurion::core {

namespace {

constexpr std::size_t kLargest = std::size_t{64} << 20;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
  throw UsageError(fmt::format("cannot read '{}': {}", path.string(), why));
}

/// An open file that closes itself.
struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  // Without O_NONBLOCK the opening of a pipe waits for somebody who writes into it.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) fail(path, std::strerror(errno));
  struct stat facts = {};
  if (::fstat(file.number, &facts) != 0) fail(path, std::strerror(errno));
  if (S_ISDIR(facts.st_mode)) fail(path, "it is a folder");
  if (!S_ISREG(facts.st_mode))
    fail(path, "it is not a plain file but a pipe, a socket or a device");
  std::string text;
  char block[1 << 16];
  for (;;) {
    const ssize_t got = ::read(file.number, block, sizeof(block));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, std::strerror(errno));
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > kLargest) {
      fail(path, fmt::format("it is larger than {} MiB", kLargest >> 20U));
    }
  }
}

}  // namespace spurion::core
