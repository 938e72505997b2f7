#include "core/machine_limits.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <new>
#include <system_error>

namespace spurion::core {

namespace {

constexpr const char* kNoMemory =
    "there is not enough memory; use a smaller --memory, --jobs or --max-replicas, or raise the "
    "limit "
    "on address space (ulimit -v)";

std::string path_problem(const std::filesystem::filesystem_error& error) {
  std::string paths = fmt::format("'{}'", error.path1().string());
  if (!error.path2().empty()) paths += fmt::format(" and '{}'", error.path2().string());
  return fmt::format("cannot use {}: {}", paths, error.code().message());
}

}  // namespace

std::string machine_problem(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return kNoMemory;
  if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    return path_problem(*file);
  }
  if (const auto* system = dynamic_cast<const std::system_error*>(&error)) {
    if (system->code() == std::errc::resource_unavailable_try_again) {
      return "the system gives no more threads; use a smaller --jobs, or raise the limit on "
             "processes (ulimit -u)";
    }
    return fmt::format("the system refused: {}", system->code().message());
  }
  // LibTorch tells a failed allocation with an exception of its own.
  const std::string message = error.what();
  if (message.find("DefaultCPUAllocator: can't allocate memory") != std::string::npos ||
      message.find("CUDA out of memory") != std::string::npos) {
    return kNoMemory;
  }
  return {};
}

}  // namespace spurion::core
