#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/fits/scaling_judgement.hpp"
#include "analysis/questions/scaling_law/law_options.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/analysis/study.hpp"

/// \file
/// The numbers of one line of trials along the axes of a scaling law: what is fitted, and what is
/// told beside it.

namespace spurion::analysis::questions::scaling_law {

/// A place along the axes.
using Scale = std::vector<double>;

/// The gaps of predictors whose scores are known exactly: what a gap is held against. NaN: not
/// known, or the number is no gap.
struct ExactGaps {
  double invariant = std::numeric_limits<double>::quiet_NaN();
  double cue_only = std::numeric_limits<double>::quiet_NaN();
  double population_erm = std::numeric_limits<double>::quiet_NaN();

  /// "invariant 0.000, cue only 0.875, unlimited rows 0.892": those that are known.
  [[nodiscard]] std::string text() const;
};

/// One trial of a line.
struct LawTrial {
  const TrialResult* trial = nullptr;
  std::string configuration;
  Scale scale;
  double value = 0.0;
  double noise = 0.0;             ///< standard deviation from the evaluated rows
  std::optional<double> id;       ///< score in distribution; of a stream, in its last phase
  std::optional<double> ceiling;  ///< that it must reach
  double id_noise = 0.0;
  std::optional<double> theory;  ///< the value that theory predicts
  double theory_error = 0.0;     ///< what it states
  ExactGaps exact;

  /// How far the score in distribution is from its ceiling; nothing where either is not known.
  [[nodiscard]] std::optional<double> shortfall(bool accuracy) const;
};

/// What is told of a scale beside the fit.
struct ScaleNumbers {
  SeedCells shortfall;
  SeedCells learning;           ///< score in distribution beyond half-way
  SeedCells theory_difference;  ///< value minus theory
  double theory = 0.0;          ///< mean over trials; NaN: not known
  double theory_error = 0.0;
  ExactGaps exact = {0.0, 0.0, 0.0};  ///< means over trials
  double flops = 0.0;                 ///< of a trial, mean
  double repeats = 0.0;  ///< how often a training row is seen, mean; NaN: has no meaning
  double trials = 0.0;
};

/// A training budget: trials of one scale at one update.
struct Budget {
  Scale scale;
  double flops = 0.0;  ///< mean over trials
  SeedCells value;
  SeedCells shortfall;
};

/// A method (under a regime) in an environment along the axes.
struct LawLine {
  ResultsView::Line line;
  std::string environment;  ///< as the view names it
  std::string component;    ///< registered name of the environment
  bool accuracy = true;
  std::vector<LawTrial> trials;
  std::map<Scale, ScaleNumbers> scales;
  std::vector<Budget> budgets;
  std::size_t unbalanced = 0;  ///< trials of configurations that some scales lack, left out
  std::string problem;         ///< why nothing can be fitted; empty where it can

  /// Means over configurations of one scale and seed.
  [[nodiscard]] fits::ScalingData data() const;
  /// What a shortfall can be.
  [[nodiscard]] Range shortfall_range() const { return accuracy ? kDifference : Range{}; }
};

/// The lines of an experiment that have such numbers: one for each environment, regime and method.
std::vector<LawLine> lines_of(const Study& study, const std::string& experiment,
                              const LawOptions& options);

}  // namespace spurion::analysis::questions::scaling_law
