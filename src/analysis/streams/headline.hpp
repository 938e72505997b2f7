#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/streams.hpp"

namespace spurion::analysis {

/// How an answer about regimes begins: what continued training on a stream did, where it did the
/// same under each of them, else that they differ. `outcomes`: one for each regime; empty: nothing
/// is said.
std::string streams_headline(const std::vector<StreamOutcome>& outcomes);

}  // namespace spurion::analysis
