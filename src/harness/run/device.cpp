#include "harness/run/device.hpp"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

namespace {

/// Devices of LibTorch as it is here. Asked when the program runs: one build serves a LibTorch with
/// CUDA and one without.
std::vector<std::string> names_here() {
  std::vector<std::string> names = {"cpu"};
  if (!at::hasCUDA()) return names;
  for (std::size_t i = 0; i < at::getNumGPUs(); ++i) names.push_back(fmt::format("cuda:{}", i));
  return names;
}

[[noreturn]] void refuse(const std::string& wanted) {
  throw UsageError(fmt::format(
      "there is no device '{}': LibTorch {} offers {}{}", wanted, TORCH_VERSION,
      fmt::join(names_here(), ", "),
      at::hasCUDA() ? "" : "; for cuda use a LibTorch with CUDA, on a machine with a GPU"));
}

/// Whether a text is "cuda" or "cuda:N".
bool names_cuda(const std::string& text) {
  const std::string rest = text.rfind("cuda", 0) == 0 ? text.substr(4) : "?";
  return rest.empty() || (rest.size() > 1 && rest.size() < 4 && rest[0] == ':' &&
                          rest.find_first_not_of("0123456789", 1) == std::string::npos);
}

}  // namespace

}  // namespace spurion::harness

namespace spurion {

Device named_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (!harness::names_cuda(name)) {
    // What some call it is nearer to another name.
    const std::string meant = name == "gpu" ? "cuda" : nearest_name(name, {"cpu", "cuda"});
    throw UsageError(fmt::format("unknown device '{}'{} (there are: cpu, cuda, cuda:N)", name,
                                 meant.empty() ? "" : "; did you mean '" + meant + "'?"));
  }
  const std::string numbered = name == "cuda" ? "cuda:0" : name;
  const std::vector<std::string> here = harness::names_here();
  if (std::find(here.begin(), here.end(), numbered) == here.end()) harness::refuse(name);
  return Device(numbered);
}

}  // namespace spurion

namespace spurion::harness {

std::string device_kind(Device device) { return c10::DeviceTypeName(device.type(), true); }

void prepare_device(Device device) {
  if (!device.is_cuda()) return;
  if (!at::hasCUDA()) refuse(device.str());
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setBenchmarkCuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
}

std::int64_t worker_count(std::int64_t jobs, Device device) {
  if (jobs > 0) return jobs;
  if (!device.is_cpu()) return 1;
  return static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace spurion::harness
