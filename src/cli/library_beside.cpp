#include "cli/library_beside.hpp"

#include <dlfcn.h>

#include <system_error>

namespace spurion::cli {

std::filesystem::path library_beside(const char* name) {
  Dl_info own{};
  if (dladdr(reinterpret_cast<const void*>(&library_beside), &own) == 0) return name;
  std::error_code ignored;
  const std::filesystem::path file = std::filesystem::path(own.dli_fname).parent_path() / name;
  return std::filesystem::exists(file, ignored) ? file : std::filesystem::path(name);
}

}  // namespace spurion::cli
