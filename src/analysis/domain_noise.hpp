#pragma once

#include <string>

#include "spurion/analysis/evaluation_noise.hpp"
#include "spurion/export.hpp"

namespace spurion::analysis {

/// `row_noise` of one metric in one domain, of many trials: the rows that numbers are of are worked
/// out once for trials that were measured alike. The trials must stay.
class SPURION_API DomainNoise {
 public:
  DomainNoise(std::string domain, std::string metric);

  RowNoise operator()(const TrialResult& trial, double value);

 private:
  std::string domain_;
  std::string metric_;
  bool plain_;                        ///< a rate that follows from the value and the rows alone
  const void* layout_ = nullptr;      ///< of the trial whose rows are known
  const void* evaluation_ = nullptr;  ///< and its options
  EvaluatedRows rows_;
};

}  // namespace spurion::analysis
