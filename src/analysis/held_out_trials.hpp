#pragma once

#include "spurion/trial.hpp"

namespace spurion::analysis {

/// Whether a trial was trained without one of the train domains, which stands in the place of the
/// test domain there. Such trials only serve the selection of others.
inline bool holds_out_a_domain(const TrialResult& trial) {
  if (!trial.spec.training.is_table()) return false;
  const Value* number = trial.spec.training.find("held_out_domain");
  return number != nullptr && number->is_integer() && number->as_integer() >= 0;
}

}  // namespace spurion::analysis
