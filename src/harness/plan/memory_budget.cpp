#include "harness/plan/memory_budget.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <numeric>

#include "core/counted.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

// Code and constants of LibTorch and oneDNN that are first touched in training; stacks, allocator
// arenas and kernels made at run time of each worker.
constexpr double kLibraries = 60e6;
constexpr double kWorker = 20e6;
constexpr double kLeastForPacks = 10e6;
// More than this much hardly helps: rows are cheap to make again.
constexpr double kMostCached = 2e9;
// What the process holds differs by a megabyte or two from start to start; messages are to say the
// same each time.
constexpr double kToldStep = 64e6;

/// Returns what was freed to the system, where the C library has a way to.
void return_freed_memory() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace

double default_memory() {
  return 0.5 * static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(sysconf(_SC_PAGESIZE));
}

double told_memory(double held, std::int64_t jobs) {
  const double most = std::ceil(held / kToldStep) * kToldStep + kLibraries + kLeastForPacks +
                      kWorker * static_cast<double>(jobs);
  const double unit = std::pow(10.0, std::floor(std::log10(most)) - 1.0);
  return std::ceil(most / unit) * unit;
}

MemoryBudget split_memory(double total, std::int64_t jobs) {
  MemoryBudget budget;
  budget.total = total > 0.0 ? total : default_memory();
  return_freed_memory();  // what planning let go of is not held
  const double held = resident_memory();
  budget.process = held + kLibraries + kWorker * static_cast<double>(jobs);
  const double rest = budget.total - budget.process;
  if (rest < kLeastForPacks) {
    const std::string given =
        total > 0.0
            ? fmt::format("--memory {:.0f}M", total * 1e-6)
            : fmt::format("half of the memory of this machine, {:.0f} MB,", budget.total * 1e-6);
    throw UsageError(fmt::format("{} is too little: the program needs about {:.0f} MB with {}",
                                 given, told_memory(held, jobs) * 1e-6,
                                 core::counted(jobs, "worker")));
  }
  budget.cache = std::min(0.25 * rest, kMostCached);
  budget.packs = rest - budget.cache;
  return budget;
}

void lend_to_cache(MemoryBudget& budget, const std::vector<Pack>& packs, std::int64_t jobs) {
  std::vector<double> sizes;
  for (const Pack& pack : packs) sizes.push_back(pack.memory_bytes);
  const auto at_once = std::min<std::size_t>(sizes.size(), static_cast<std::size_t>(jobs));
  const auto last = sizes.begin() + static_cast<std::ptrdiff_t>(at_once);
  std::partial_sort(sizes.begin(), last, sizes.end(), std::greater<>());
  const double needed = std::accumulate(sizes.begin(), last, 0.0);
  const double kept = std::max(needed, budget.packs - (kMostCached - budget.cache));
  if (kept >= budget.packs) return;
  budget.cache += budget.packs - kept;
  budget.packs = kept;
}

double resident_memory() {
  std::ifstream file("/proc/self/statm");
  double size = 0.0;
  double resident = 0.0;
  return file >> size >> resident ? resident * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0.0;
}

double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

void give_back_memory(const MemoryBudget& budget) {
  if (resident_memory() > 0.6 * budget.total) return_freed_memory();
}

}  // namespace spurion::harness
