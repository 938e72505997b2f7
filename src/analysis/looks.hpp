#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/suite.hpp"

/// \file
/// Looks at the results of a run that may stop early. Each look spends a part of the level of
/// `kTestLevel`, and the parts sum to it. So the chance that any look shows a difference where
/// there is none is at most that of one look at the whole level: by the union bound, whatever the
/// numbers are distributed as, and whatever stops the run.
///
/// The parts are the increments of the spending function of Lan & DeMets (1983) that resembles the
/// bounds of O'Brien & Fleming (1979): f(t) = 2 - 2 Phi(z / sqrt(t)), where t is the share of the
/// seeds that a look has and z = 1.96. Looks at 5, 10 and 20 seeds have 0.00009, 0.0055 and 0.0444.
/// Each increment is used as the level of its look itself, rather than a larger level from the
/// joint distribution of the looks: that would need normal scores, and few seeds have none.

namespace spurion::analysis {

/// One look.
struct Look {
  std::int64_t seeds = 0;  ///< that each configuration has
  double level = 0.0;      ///< of the tests and intervals of this look
};

/// The looks of an experiment with so many seeds, the last at all of them. One, at the whole level,
/// where the suite never stops early.
SPURION_API std::vector<Look> looks_of(const Stopping& stopping, std::int64_t seeds);

/// The first look with at least so many seeds, else the last.
SPURION_API const Look& look_at(const std::vector<Look>& looks, std::int64_t seeds);

}  // namespace spurion::analysis
