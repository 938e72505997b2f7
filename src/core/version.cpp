#include "spurion/version.hpp"

#include <fmt/format.h>

#include <fstream>
#include <thread>

#include "built_with.hpp"  // written by the build
#include "core/build_text.hpp"
#include "core/counted.hpp"

namespace spurion {

namespace {

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) {
      const auto colon = line.find(": ");
      if (colon != std::string::npos) return line.substr(colon + 2);
    }
  }
  return "unknown processor";
}

}  // namespace

std::string version() { return SPURION_VERSION; }

std::string core::build_text(const std::string& libtorch, const std::string& onednn) {
  return fmt::format("spurion {}, LibTorch {}, oneDNN {}, {} {}, {} ({})", version(), libtorch,
                     onednn,
#if defined(__clang__)
                     "clang", __clang_version__,
#else
                     "g++", __VERSION__,
#endif
                     cpu_name(), core::counted(std::thread::hardware_concurrency(), "core"));
}

std::string build_description() {
  return core::build_text(SPURION_BUILT_WITH_LIBTORCH, SPURION_BUILT_WITH_ONEDNN);
}

}  // namespace spurion
