#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analysis/questions/goodhart/equal_gain.hpp"
#include "analysis/questions/goodhart/pressure_lines.hpp"
#include "spurion/analysis/chart.hpp"
#include "spurion/analysis/table.hpp"

namespace spurion::analysis::questions::goodhart {

/// What is asked and what was found.
struct GoodhartFindings {
  const std::string& experiment;
  const GoodhartOptions& options;
  std::size_t family;  ///< verdicts of the suite that were adjusted for
  std::string note;    ///< what captions say of the trials
  std::string score;   ///< "accuracy"
  Pressures found;
  std::vector<GainComparison> comparisons;

  /// "goodhart_forms_candidates_probe_occlusion_on_cue": of several questions about the same trials
  /// each has files of its own.
  [[nodiscard]] std::string file_name(const std::string& what) const;
};

/// Verdicts, fitted forms, comparisons at equal gain, and every place; those that have rows.
std::vector<Table> goodhart_tables(const GoodhartFindings& findings);
/// Proxy and truth along each pressure, all truths along one axis, and what is overstated against
/// the gain out of distribution.
std::vector<Chart> goodhart_charts(const GoodhartFindings& findings);
/// The answer in words.
std::string goodhart_sentence(const GoodhartFindings& findings);

}  // namespace spurion::analysis::questions::goodhart
