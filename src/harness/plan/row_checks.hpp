#pragma once

#include "spurion/method.hpp"
#include "spurion/regime.hpp"
#include "spurion/trial.hpp"

/// \file
/// Whether the rows are there that the parts of a trial ask for. Each check throws `UsageError`.

namespace spurion::harness {

/// Refuses a method that goes over a training set which the regime or the environment lacks.
void check_rows_asked(const TrialSpec& trial, const Method& method, const Regime& regime,
                      const Environment& environment);

/// Refuses a regime that adapts to more unlabelled rows than the domains have.
void check_unlabelled_rows(const TrialSpec& trial, const Regime& regime,
                           const Environment& environment);

}  // namespace spurion::harness
