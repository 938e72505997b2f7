#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "analysis/paired_test.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/export.hpp"
#include "spurion/registry.hpp"

/// \file
/// What is shown of methods against a baseline and against the controls of a comparison.

namespace spurion::analysis::questions::leaderboard {

/// What became of a method against the baseline, out of distribution.
enum class Result {
  none,            ///< it is the baseline, or there is none that shares its seeds
  won,             ///< better than the baseline and, where there is one, than the placebo
  won_as_placebo,  ///< better than the baseline, but not shown to be better than the placebo
  tied,            ///< no difference is shown
  lost,
  did_not_learn,  ///< in distribution, so that its score is no merit
  undecided       ///< one seed
};
SPURION_API const char* result_name(Result result);
/// Whether it is shown to be better than the baseline, whatever the placebo does.
inline bool beats_baseline(Result result) {
  return result == Result::won || result == Result::won_as_placebo;
}

/// The scores of a method among those that it is compared with.
struct Contender {
  std::string key;    ///< names its random numbers
  SeedCells scores;   ///< by configuration and seed
  bool high = true;   ///< more is better
  Range differences;  ///< what a difference of two scores can be
  Learned learned = Learned::unknown;
  Control control = Control::none;  ///< what the comparison needs it for
  bool baseline = false;
};

/// What is told of a contender.
struct Verdict {
  Estimate difference;  ///< from the baseline; of no values where there is none
  PairedTest test;      ///< of that difference, adjusted over the family
  /// From the placebo that it is least surely better than; of no values where there is none.
  Estimate placebo_difference;
  PairedTest placebo_test;  ///< of that difference, adjusted over all comparisons with placebos
  /// (its score - baseline) / (oracle - baseline), with a jackknife interval over seeds. None where
  /// no oracle is shown to be better than the baseline.
  std::optional<Estimate> oracle_share = {};
  Result result = Result::none;
};

/// Contenders of one environment and regime. At most one is the baseline.
using Contest = std::vector<Contender>;

/// The verdicts, in the order of the contenders. All comparisons with the baseline, of all
/// contests, are one family: Holm's method holds the chance of any false "better" or "worse" at
/// `level`. All comparisons with placebos are a second family. A contender has won if both say so.
SPURION_API std::vector<std::vector<Verdict>> judge(const std::vector<Contest>& contests,
                                                    double level = kTestLevel);

}  // namespace spurion::analysis::questions::leaderboard
