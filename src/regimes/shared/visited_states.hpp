#pragma once

#include <cstdint>

#include "regimes/shared/acting_costs.hpp"
#include "regimes/shared/grown_rows.hpp"
#include "regimes/shared/stream_loop.hpp"

namespace spurion::regimes {

/// How the trained policy visits states whose labels an expert tells.
struct VisitOptions {
  std::int64_t labels = 1;    ///< states of each train domain that the expert is asked about
  std::int64_t episodes = 1;  ///< episodes that run side by side
  std::int64_t round = 0;     ///< each round has episodes of its own
  double expert_share = 0.0;  ///< probability of each step that the expert acts instead
};

/// The trained policy acts in the train domains, and the expert says what it would do in states
/// where it came. Episodes run to their end, `episodes` of them side by side, until they visited
/// `labels` states; of all states they visited, `labels` are drawn evenly, without replacement.
SlotRows visit_and_label(Run& run, const VisitOptions& options, ActingCosts& costs);

}  // namespace spurion::regimes
