#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analysis/questions/scaling_law/judged_line.hpp"

/// \file
/// Lines whose truth is known: environments without anything to find, and curves that are planted
/// into the noise of the trials. How often is the verdict wrong there?

namespace spurion::analysis::questions::scaling_law {

/// How the verdicts on one control came out.
struct ControlCount {
  std::string control;
  std::string truth;
  std::size_t verdicts = 0;  ///< 0: the suite has no such lines
  std::size_t right = 0;
  std::size_t none = 0;  ///< nothing is claimed, or less than the truth
  std::size_t wrong = 0;
};

/// The control environments of the suite, then the planted curves of the question.
std::vector<ControlCount> control_counts(const Family& family, const std::vector<JudgedLine>& lines,
                                         const std::string& experiment, const LawOptions& options);

}  // namespace spurion::analysis::questions::scaling_law
