#pragma once

#include <cstdint>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::nouns {

/// The values of cues as a few numbers, for tools that compare rows with and without a cue. A cue
/// of small whole numbers keeps them; any other is 1 where it is above its mean, else 0.
class SPURION_API CueScale {
 public:
  /// From rows of the world. Throws `UsageError` where it does not tell the value of each cue of a
  /// row, or where one cue has several numbers.
  CueScale(const EnvironmentInfo& info, const Sample& rows);

  /// int64 [B, Q]: the values of the cues of rows.
  [[nodiscard]] Tensor of(const Sample& rows) const;
  /// [Q]: how many values each cue has.
  [[nodiscard]] const std::vector<std::int64_t>& values() const { return values_; }

 private:
  std::vector<std::int64_t> values_;
  std::vector<bool> whole_;     // [Q]: keeps its numbers
  std::vector<double> middle_;  // [Q]: of the others
};

}  // namespace spurion::nouns
