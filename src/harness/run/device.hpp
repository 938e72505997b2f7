#pragma once

#include <cstdint>
#include <string>

#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion::harness {

/// "cpu" or "cuda": what a store remembers of where its trials were trained. Which of several
/// devices of a kind it was is left out.
std::string device_kind(Device device);

/// Throws `UsageError` where this LibTorch has no such device; otherwise sets it to the arithmetic
/// results are to be trusted with: full float32, and algorithms that repeat themselves.
SPURION_API void prepare_device(Device device);

/// Workers of a run: `jobs`, or where that is 0 one for each core; on a device other than the
/// processor one, since workers would share it.
SPURION_API std::int64_t worker_count(std::int64_t jobs, Device device);

}  // namespace spurion::harness
