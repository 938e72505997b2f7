#pragma once

#include "spurion/trial.hpp"

namespace spurion::harness {

/// The name of the model and the regime of a trial whose predictions were made by another program
/// and scored by spurion.
inline constexpr const char* kElsewhere = "elsewhere";

/// Whether the predictions of a trial were made by another program.
inline bool was_scored(const TrialSpec& trial) { return trial.model.name == kElsewhere; }

}  // namespace spurion::harness
