#pragma once

#include <memory>
#include <optional>
#include <string>

#include "analysis/by_layout.hpp"
#include "analysis/shift_noise.hpp"
#include "spurion/analysis/evaluation_noise.hpp"
#include "spurion/export.hpp"

namespace spurion::analysis {

/// Shares of wrong predictions, of predictions that were made elsewhere.
inline constexpr const char* kError = "error";
inline constexpr const char* kWorstGroupError = "worst_group_error";

/// The rows that a number of a domain is of.
EvaluatedRows measured_rows(const TrialResult& trial, const std::string& domain,
                            const std::string& metric);

/// `row_noise` of one metric in one domain, of many trials: what follows from what was measured is
/// worked out once for trials that were measured alike. The trials must stay.
class SPURION_API DomainNoise {
 public:
  DomainNoise(std::string domain, std::string metric);

  RowNoise operator()(const TrialResult& trial, double value);

 private:
  /// What the noise of a number follows from.
  enum class Kind {
    none,             ///< nothing that is known
    rate,             ///< its value and its rows
    paired,           ///< the same, a difference on the same rows
    worst_group,      ///< its value and the rows of the group
    gap,              ///< two accuracies
    confusion_index,  ///< an accuracy and two ceilings
    shortcut_bias,    ///< a flip rate
    shift,            ///< `ShiftNoise`
    each              ///< what each trial stored: `row_noise`
  };
  /// A rate that other numbers follow from, and its noise.
  struct Rate {
    Rate(const std::string& domain, const std::string& metric);
    std::unique_ptr<DomainNoise> noise;
    NumberFinder value;
  };

  [[nodiscard]] static Kind kind_of(const std::string& domain, const std::string& metric);
  /// The rows of a trial; null where they are not those of all that were measured like it.
  const EvaluatedRows* usual_rows(const TrialResult& trial, const void* evaluation);
  RowNoise gap_noise(const TrialResult& trial);
  RowNoise confusion_noise(const TrialResult& trial);

  std::string domain_;
  std::string metric_;
  Kind kind_;
  const void* layout_ = nullptr;      ///< of the trial whose rows are known
  const void* evaluation_ = nullptr;  ///< and its options
  EvaluatedRows rows_;
  std::optional<Rate> first_;          ///< of those kinds that have one
  std::optional<Rate> second_;         ///< the accuracy in distribution, for a gap
  std::optional<NumberFinder> upper_;  ///< the invariant ceiling, or the rows of the worst group
  std::optional<NumberFinder> lower_;  ///< the ceiling of the cue alone
  std::optional<ShiftNoise> shift_;
};

}  // namespace spurion::analysis
