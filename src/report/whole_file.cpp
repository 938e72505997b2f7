#include "report/whole_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "spurion/error.hpp"

namespace spurion::report {

void write_whole_file(const std::filesystem::path& path, const std::string& bytes) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << bytes;
    file.flush();
    if (!file) {
      std::error_code ignored;
      std::filesystem::remove(temporary, ignored);
      throw StoreError(fmt::format("cannot write '{}': {}", path.string(), std::strerror(errno)));
    }
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) throw StoreError(fmt::format("cannot write '{}': {}", path.string(), error.message()));
}

}  // namespace spurion::report
