#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "analysis/by_layout.hpp"
#include "spurion/analysis/evaluation_noise.hpp"

namespace spurion::analysis {

/// `row_noise` of a number at one value of the shift, of many trials.
class ShiftNoise {
 public:
  /// `domain`: "shift=0.3".
  ShiftNoise(std::string domain, const std::string& metric);
  RowNoise operator()(const TrialResult& trial, double value);

 private:
  [[nodiscard]] EvaluatedRows rows(const TrialResult& trial);

  std::string domain_;
  bool accuracy_;
  double share_ = -1.0;  ///< of rows with the cue of the end of the range of the shift
  NumberFinder first_;
  NumberFinder last_;
  NumberFinder fewer_;  ///< rows, where there are not as many as asked for
  /// Rows asked for, by where the options lie; none where those do not say it for all domains.
  std::unordered_map<const void*, std::optional<double>> asked_;
  const void* last_asked_ = nullptr;
  std::optional<double> last_rows_;  ///< of `last_asked_`
};

}  // namespace spurion::analysis
