#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/paired_test.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/study.hpp"

/// \file
/// What each selector chooses, and what its choice costs against the oracle's.

namespace spurion::analysis {

/// The selector that regret is measured against.
inline constexpr const char* kOracleSelector = "oracle";

/// What one selector, with or without early stopping, chooses of one line.
struct SelectionRow {
  ResultsView::Line line;
  AppliedSelection applied;
  std::string name;      ///< "oracle (leak), early stopping", "training_domain, halving"
  std::string reads;     ///< what the selector reads
  bool halving = false;  ///< chosen by successive halving, see halving.hpp
  /// The updates that the choice needs, as a share of those of training every sample to its end;
  /// the mean over configurations.
  double updates = 1.0;
  Estimate id;                ///< score in distribution of the chosen samples
  Estimate ood;               ///< score in the test domain of the chosen samples
  Estimate median;            ///< of each seed the median over its samples, in the test domain
  std::int64_t settings = 0;  ///< different hyper-parameters that there were to choose from
  /// By how much the oracle's choice scores better in the test domain, paired by configuration and
  /// seed; both stop early, or both do not. None of a leak, and where there is no oracle.
  std::optional<Estimate> regret = {};
  std::optional<PairedTest> test = {};  ///< that the regret is 0, adjusted for all rows
};

/// What each selector chooses of all lines.
struct SelectionRows {
  std::vector<SelectionRow> rows;
  /// Where the choices at the last update, without a leak, lie at the edge of the search: sentences
  /// with a space before each.
  std::string edges;
};

/// Line by line, each selector in turn; those that leak come last. With early stopping, and without
/// a leak with successive halving, where trials were measured at several updates. `selectors`:
/// registered names; empty: all of them.
SelectionRows selection_rows(const Study& study, const std::string& experiment,
                             const ResultsView& view, const std::vector<std::string>& selectors);

}  // namespace spurion::analysis
