#include "report/spooled_text.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "spurion/error.hpp"

namespace spurion::report {

void SpooledText::refuse() const {
  throw StoreError(fmt::format("cannot write a file in '{}': {}", folder_.string(),
                               errno == 0 ? "writing failed" : std::strerror(errno)));
}

void SpooledText::add(const std::string& text) {
  errno = 0;
  if (!file_) {
    std::string name = (folder_ / "spool.XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor < 0) refuse();
    ::unlink(name.c_str());  // nothing stays, however the process ends
    file_.reset(::fdopen(descriptor, "w+b"));
    if (!file_) {
      ::close(descriptor);
      refuse();
    }
  }
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) refuse();
}

void SpooledText::write_to(std::ostream& out) {
  if (!file_) return;
  errno = 0;
  if (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_SET) != 0) refuse();
  std::array<char, 1 << 16> bytes{};
  while (const std::size_t read = std::fread(bytes.data(), 1, bytes.size(), file_.get())) {
    out.write(bytes.data(), static_cast<std::streamsize>(read));
  }
  if (std::ferror(file_.get()) != 0) refuse();
}

}  // namespace spurion::report
