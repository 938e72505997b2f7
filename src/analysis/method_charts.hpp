#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/chart.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

/// The scores of the trials of a line.
struct LineScores {
  ResultsView::Line line;
  Estimate id;
  Estimate ood;
};

/// Bars of the scores in and out of distribution, a group a line; a chart an environment.
std::vector<Chart> score_bars(const ResultsView& view, const std::string& experiment,
                              const std::vector<LineScores>& lines);

/// A point a trial: its score in distribution against its score out of it, and the diagonal on
/// which there is no gap. Of many trials some, evenly chosen.
std::vector<Chart> score_points(const ResultsView& view, const std::string& experiment,
                                const std::vector<LineScores>& lines);

}  // namespace spurion::analysis
