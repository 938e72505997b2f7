#pragma once

#include <memory>
#include <string>

#include "harness/suite/trial_id.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// A trial in one of the stores of a folder.
struct TrialCopy {
  const std::string& file;
  const TrialResult& result;
};

/// What made a trial in one of the stores.
struct MadeCopy {
  const std::string& file;
  std::shared_ptr<const Provenance> made_by;  ///< null: not known
};

/// Says that a trial has other numbers in one file than in the other, and in what those differ that
/// made it. Throws `StoreError`.
[[noreturn]] void refuse_unequal(const TrialId& id, const MadeCopy& first, const MadeCopy& second);

/// A trial that two stores hold is reported once, so it must be the same in both. Throws
/// `StoreError` where it is not, `DataError` where it was made from other rows of a file.
void check_same_trial(const TrialId& id, const TrialCopy& first, const TrialCopy& second);

}  // namespace spurion::harness
