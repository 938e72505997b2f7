#pragma once

#include <set>
#include <string>

#include "spurion/analysis/answer.hpp"
#include "spurion/export.hpp"
#include "spurion/store.hpp"

/// \file
/// Which experiments need no further seeds.

namespace spurion::analysis {

/// Whether a difference needs no further seeds: the answer tells which way it goes, or, where it is
/// compared with 0, an interval at the level of its comparison lies within `margin` of 0. `level`:
/// of the family.
SPURION_API bool is_decided(const Contrast& contrast, double margin, double level);

/// The experiments about which questions are asked, all of them decided, at the levels of
/// `Study::test_level`. A question that judges no difference in these results is not decided.
SPURION_API std::set<std::string> decided_experiments(const StoredResults& results, double margin,
                                                      const QuestionKinds& kinds);

}  // namespace spurion::analysis
