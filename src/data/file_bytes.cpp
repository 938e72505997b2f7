#include "data/file_bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <system_error>

#include "spurion/error.hpp"

namespace spurion::data {

void refuse_file(const std::filesystem::path& file, const std::string& problem) {
  throw DataError(fmt::format("'{}': {}", file.string(), problem));
}

std::string read_file_bytes(const std::filesystem::path& file, const std::string& kind) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) refuse_file(file, "there is no such file");
  if (!std::filesystem::is_regular_file(status)) {
    refuse_file(file, fmt::format("expected {}, found something that is not a regular file", kind));
  }
  errno = 0;
  std::ifstream input(file, std::ios::binary);
  if (!input) {
    refuse_file(file, fmt::format("cannot be opened: {}", std::generic_category().message(errno)));
  }
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) refuse_file(file, fmt::format("its size is unknown: {}", error.message()));
  std::string bytes(size, '\0');
  input.read(bytes.data(), static_cast<std::streamsize>(size));
  if (input.bad() || static_cast<std::uintmax_t>(input.gcount()) != size) {
    refuse_file(file, "reading failed part of the way through");
  }
  return bytes;
}

}  // namespace spurion::data
