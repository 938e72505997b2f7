#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/table.hpp"
#include "spurion/store.hpp"

/// \file
/// What questions that compare methods have in common.

namespace spurion::analysis {

/// What the methods of a line were allowed to see: their information budget.
Cell access_of(const StoredResults& results, const ResultsView& view,
               const ResultsView::Line& line);

/// What the lines of a regime are compared with: the method named as the baseline, or the first of
/// its variants; null where there is none.
const ResultsView::Line* baseline_of(const std::vector<ResultsView::Line>& lines,
                                     const ResultsView::Line& line, const std::string& baseline);

/// What a column "learned" says.
const char* learned_text(Learned learned);

}  // namespace spurion::analysis
