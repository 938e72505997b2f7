#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "spurion/store.hpp"

namespace spurion::harness {

/// What made the trials of a report: programs, libraries, processors, rows.
class TrialMakers {
 public:
  /// Notes what made one trial; null: it is not recorded.
  void add(const std::shared_ptr<const Provenance>& made_by);
  /// Sets the context's `device`, and adds notes where the trials were not all made by the same.
  /// Throws `DataError` where they were made from different rows of the same file.
  void tell(StoredResults& results) const;

 private:
  std::vector<std::shared_ptr<const Provenance>> makers_;  ///< each once, as they came
  std::set<std::shared_ptr<const Provenance>> seen_;
  std::int64_t unknown_ = 0;  ///< trials of which it is not recorded
};

}  // namespace spurion::harness
