#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "analysis/by_layout.hpp"
#include "analysis/domain_noise.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/export.hpp"
#include "spurion/trial.hpp"

namespace spurion::analysis {

/// `max_flip_rate` after the last phase, of many trials: where their flip rates lie is found once
/// for those that were measured alike. The trials must stay.
class SPURION_API FlipFinder {
 public:
  std::optional<double> operator()(const TrialResult& trial);

 private:
  ByLayout<std::vector<std::size_t>> places_;
};

/// `SeedCells::add_learning` of many trials, in the same way.
class SPURION_API LearningFinder {
 public:
  /// `metric`: "accuracy" or "loss".
  explicit LearningFinder(const std::string& metric);
  void add(SeedCells& cells, const std::string& configuration, const TrialResult& trial);

 private:
  /// Where the numbers of a trial lie that was measured in one phase.
  struct Places {
    bool streamed = false;  ///< it was measured in several
    std::optional<std::size_t> score;
    std::optional<std::size_t> chance;
    std::optional<std::size_t> invariant;
  };
  [[nodiscard]] Places find(const TrialResult& trial) const;

  std::string metric_;
  ByLayout<Places> places_;
  DomainNoise noise_of_;
};

}  // namespace spurion::analysis
