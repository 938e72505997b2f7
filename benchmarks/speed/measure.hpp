#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace spurion::speed {

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
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

/// Float32 multiply-adds per second (times two) that this core reaches in registers.
double peak_flops();

}  // namespace spurion::speed
