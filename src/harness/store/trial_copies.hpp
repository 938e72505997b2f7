#pragma once

#include <string>

#include "harness/suite/trial_id.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// A trial in one of the stores of a folder.
struct TrialCopy {
  const std::string& file;
  const TrialResult& result;
};

/// A trial that two stores hold is reported once, so it must be the same in both. Throws
/// `StoreError` where it is not, `DataError` where it was made from other rows of a file.
void check_same_trial(const TrialId& id, const TrialCopy& first, const TrialCopy& second);

}  // namespace spurion::harness
