#pragma once

#include "spurion/trial.hpp"

namespace spurion::analysis {

/// Whether a trial was evaluated before and after an adaptation at test time: in the phases 0 and
/// 1, and on no stream.
inline bool was_adapted(const TrialResult& trial) {
  const auto measured = [&](const char* domain, std::int64_t phase) {
    return trial.measurements.place(domain, "accuracy", phase) ||
           trial.measurements.place(domain, "loss", phase);
  };
  return measured("test", 1) && !measured("phase_0", 0);
}

}  // namespace spurion::analysis
