#pragma once

#include <string>
#include <vector>

#include "analysis/questions/compare_policies/policy_lines.hpp"
#include "spurion/analysis/chart.hpp"
#include "spurion/analysis/table.hpp"

namespace spurion::analysis::questions {

/// What is asked and what was found.
struct ActingFindings {
  const ResultsView& view;
  const std::string& experiment;
  const ActingOptions& options;
  std::vector<ActingLine> lines;
};

/// How far each line gets, beside the returns of the reference policies.
Table acting_table(const ActingFindings& findings);
/// How each line acts, and what it cost.
Table acting_habits_table(const ActingFindings& findings);
/// Returns with intervals; the share of seeds by confusion index; returns along the dial.
std::vector<Chart> acting_charts(const ActingFindings& findings);
/// The answer in words.
std::string acting_sentence(const ActingFindings& findings);

}  // namespace spurion::analysis::questions
