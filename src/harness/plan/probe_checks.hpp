#pragma once

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// Throws `UsageError` where a probe that a trial asks for cannot look into the model, or the
/// environment does not know what the probe needs to be told.
void check_probes(const TrialSpec& trial, const Catalog& catalog, const Environment& environment);

/// Bytes that the probes of a trial need for the rows of one replica, all probes one after the
/// other.
double probe_bytes(const TrialSpec& trial, const Catalog& catalog, const EnvironmentInfo& info,
                   const Model& model);

}  // namespace spurion::harness
