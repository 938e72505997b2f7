#pragma once

#include <string>
#include <vector>

#include "analysis/questions/authenticity/probe_lines.hpp"
#include "spurion/analysis/chart.hpp"
#include "spurion/analysis/table.hpp"

namespace spurion::analysis::questions::authenticity {

/// What is asked and what was found.
struct AuthenticityFindings {
  const std::string& experiment;
  const AuthenticityOptions& options;
  std::size_t family;  ///< verdicts of the suite that were adjusted for
  std::string note;    ///< what captions say of the trials
  Authenticity found;
};

/// Tables of lines, of changes along the axis and of controls; those that have rows.
std::vector<Table> authenticity_tables(const AuthenticityFindings& findings);
/// Calibration of each probe, agreement by probe, agreement along the axis.
std::vector<Chart> authenticity_charts(const AuthenticityFindings& findings);
/// The answer in words.
std::string authenticity_sentence(const AuthenticityFindings& findings);

}  // namespace spurion::analysis::questions::authenticity
