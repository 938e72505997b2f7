#include "data/file_bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <system_error>

#include "data/memory_limit.hpp"
#include "spurion/error.hpp"

namespace spurion::data {

void refuse_file(const std::filesystem::path& file, const std::string& problem) {
  throw DataError(fmt::format("'{}': {}", file.string(), problem));
}

void require_regular(const std::filesystem::path& file, const std::string& kind) {
  using Type = std::filesystem::file_type;
  std::error_code error;
  const Type type = std::filesystem::status(file, error).type();
  if (type == Type::regular) return;
  if (type == Type::not_found) refuse_file(file, "there is no such file");
  if (type == Type::none) refuse_file(file, fmt::format("cannot be read: {}", error.message()));
  const char* found = type == Type::directory ? "a folder"
                      : type == Type::fifo    ? "a pipe"
                      : type == Type::socket  ? "a socket"
                      : type == Type::block || type == Type::character
                          ? "a device"
                          : "something that is not a regular file";
  refuse_file(file, fmt::format("expected {}, found {}", kind, found));
}

std::string read_file_bytes(const std::filesystem::path& file, const std::string& kind) {
  require_regular(file, kind);
  std::error_code error;
  errno = 0;
  std::ifstream input(file, std::ios::binary);
  if (!input) {
    refuse_file(file, fmt::format("cannot be opened: {}", std::generic_category().message(errno)));
  }
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) refuse_file(file, fmt::format("its size is unknown: {}", error.message()));
  require_memory(static_cast<double>(size), fmt::format("'{}'", file.string()), "the file");
  std::string bytes(size, '\0');
  input.read(bytes.data(), static_cast<std::streamsize>(size));
  if (input.bad() || static_cast<std::uintmax_t>(input.gcount()) != size) {
    refuse_file(file, "reading failed part of the way through");
  }
  return bytes;
}

}  // namespace spurion::data
