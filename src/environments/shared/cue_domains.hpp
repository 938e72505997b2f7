#pragma once

#include <string>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::environments {

/// Positions of all cues, in the order of `EnvironmentInfo::cues`; each in [0, 1].
using CuePositions = std::vector<double>;

/// The domains of a world with several cues: "train_0" .. , "test", and any point on their dials.
class CueDomains {
 public:
  static constexpr std::size_t kMaxTrainDomains = 100;
  /// Where a two-valued cue says nothing of the label.
  static constexpr double kNeutral = 0.5;

  CueDomains() = default;
  /// `usual` is where the other cues stay while the dial moves the first. `world` is how messages
  /// call the environment.
  CueDomains(std::string world, std::vector<CuePositions> train, CuePositions test,
             CuePositions usual);

  [[nodiscard]] std::vector<Domain> train() const;
  [[nodiscard]] Domain test() const;
  [[nodiscard]] Domain at(double shift) const;
  /// Throws `UsageError` for another number of cues or a position outside [0, 1].
  [[nodiscard]] Domain at_cues(const CuePositions& positions) const;
  /// Where the cues are in a domain; the same check.
  [[nodiscard]] CuePositions positions(const Domain& domain) const;
  /// Those of each train domain.
  [[nodiscard]] const std::vector<CuePositions>& train_positions() const { return train_; }

 private:
  std::string world_;
  std::vector<CuePositions> train_;
  CuePositions test_;
  CuePositions usual_;
};

}  // namespace spurion::environments
