#pragma once

#include <ATen/Parallel.h>
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

namespace spurion::speed {

/// For main: this process computes in one thread, and its memory stays with it between steps, as in
/// `spurion run`.
inline void use_one_core() {
  at::set_num_threads(1);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

/// The middle of what was measured.
inline double median(std::vector<double> measured) {
  std::sort(measured.begin(), measured.end());
  return measured[measured.size() / 2];
}

/// Processor time of this process in seconds: what other processes do does not count.
inline double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Median processor seconds of one call, over `repeats` runs of enough calls to last `least`
/// seconds.
inline double seconds_per_call(const std::function<void()>& call, double least = 0.1,
                               int repeats = 5) {
  call();
  std::int64_t calls = 1;
  for (;;) {
    const double start = processor_seconds();
    for (std::int64_t i = 0; i < calls; ++i) call();
    const double spent = processor_seconds() - start;
    if (spent >= least) break;
    calls = std::max(calls * 2, static_cast<std::int64_t>(1.2 * static_cast<double>(calls) * least /
                                                          std::max(spent, 1e-9)));
  }
  std::vector<double> times;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const double start = processor_seconds();
    for (std::int64_t i = 0; i < calls; ++i) call();
    times.push_back((processor_seconds() - start) / static_cast<double>(calls));
  }
  return median(std::move(times));
}

/// Bytes a second that this core copies, read and written, beyond its caches.
inline double copy_bandwidth() {
  constexpr std::size_t kBytes = std::size_t{256} << 20U;
  const std::vector<char> from(kBytes, 1);
  std::vector<char> to(kBytes, 0);
  const double seconds = seconds_per_call([&] { std::memcpy(to.data(), from.data(), kBytes); });
  return 2.0 * static_cast<double>(kBytes) / seconds;
}

/// Float32 multiply-adds per second (times two) that this core reaches in registers.
double peak_flops();

}  // namespace spurion::speed
