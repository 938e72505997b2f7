#include "cli/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/printable.hpp"

namespace spurion::cli {

void print_text(std::FILE* file, const std::string& text) {
  const std::string shown = core::printable(text);
  std::fwrite(shown.data(), 1, shown.size(), file);
}

void hold_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest number that is free: this one. Left open to the end.
    static_cast<void>(open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

std::string output_problem() {
  errno = 0;
  const bool flushed = std::fflush(stdout) == 0;
  const int error = errno;
  if (flushed && std::ferror(stdout) == 0) return {};
  return fmt::format("the output is not complete: the standard output cannot be written{}",
                     error == 0 ? "" : fmt::format(" ({})", std::strerror(error)));
}

}  // namespace spurion::cli
