#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/statistics.hpp"
#include "spurion/analysis/table.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"

/// \file
/// From stored results to answers, in a form that knows nothing of HTML or terminals.
///
/// Kinds of questions and the keys they read from their `[[question]]` table:
///  - `gap_against_scale`: experiment, axis ("model.width"), margin (default 0.02)
///  - `compare_methods`: experiment, baseline (default "erm")
///  - `compare_regimes`: experiment
///  - `streams`: experiment, experiments (further ones, answered together), phase (default the
///    last), margin (default 0.1), axis (optional) and tied_axes (options that change together with
///    it): was the confusion resolved, or one cue replaced by another (streams.hpp)
///  - `published`: experiment, rows = [{ label, domain, metric, value, spread, runs, and where
///    needed: note, rounding, where = { "section.field" = value } }], selection_domain =
///    "in_distribution" (of several hyper-parameter draws only the best on validation rows of the
///    train domains counts) or "test" (of the test domain: an oracle)
///  - `trend`: experiment, axis, claim = "rises" or "falls": whether a number does so along an
///  axis,
///    from its first to its last value, on the same seeds. metric (default "worst_group_error";
///    "..._error" is 1 - "..._accuracy"), domain (default "test"), margin (0: by how much at
///    least), from and to (the part of the axis that is meant), method (default: each), where

namespace spurion::analysis {

/// One line of a chart.
struct Series {
  std::string name;
  std::vector<double> x;
  std::vector<Estimate> y;
  bool reference = false;  ///< a ceiling: drawn dashed, without interval
};

/// A line chart.
struct Chart {
  std::string name;  ///< file name of its CSV
  std::string title;
  std::string x_label;
  std::string y_label;
  std::string note;    ///< what the band is
  bool log_x = false;  ///< as long as all values of x are above 0
  bool steps = false;  ///< values hold until the next
  std::vector<Series> series;
  std::vector<double> marks;  ///< vertical lines: times of shifts
  /// Charts of the same panel are drawn small, side by side, under this heading; empty: large.
  std::string panel = {};
};

/// What a question is answered with.
struct Answer {
  std::string question;
  std::string sentence;
  std::vector<Chart> charts;
  std::vector<Table> tables;
};

/// Throws `UsageError` that lists what is wrong with the questions of a suite: unknown kinds and
/// keys, numbers out of range, and what none of the experiment's trials has (axes, options of
/// `where`, methods). `trials`: of the suite; of an experiment without any, less is checked.
SPURION_API void check_questions(const Suite& suite, const std::vector<TrialSpec>& trials);

/// Answers every question of the stored suite, in order; a suite without questions is asked about
/// its methods. Throws `UsageError` as `check_questions` does, and for a missing key.
SPURION_API std::vector<Answer> answer_all(const StoredResults& results);

/// Accuracy (or error) along the dial with the ceilings, one chart an experiment and world.
SPURION_API std::vector<Chart> dial_charts(const StoredResults& results);

}  // namespace spurion::analysis
