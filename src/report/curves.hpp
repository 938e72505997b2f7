#pragma once

#include <cstdint>
#include <filesystem>

#include "spurion/export.hpp"
#include "spurion/store.hpp"

namespace spurion::report {

/// What `write_curves` wrote.
struct WrittenCurves {
  std::int64_t trials = 0;  ///< with a file
  std::int64_t single = 0;  ///< measured after one number of updates only: no curve
};

/// Writes what was measured along the updates of each trial to a file that TensorBoard reads:
/// `folder`/EXPERIMENT/METHOD_seed_N_ID/events.out.tfevents.spurion. A tag is "DOMAIN/METRIC", in a
/// stream "phase_N/DOMAIN/METRIC"; the step is the number of updates. Wall times are 0, so that the
/// same results give the same bytes. All files are written or none. Throws `StoreError`.
SPURION_API WrittenCurves write_curves(const StoredResults& results,
                                       const std::filesystem::path& folder);

}  // namespace spurion::report
