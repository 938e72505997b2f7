#pragma once

#include <utility>
#include <vector>

#include "regimes/shared/stream_loop.hpp"
#include "regimes/shared/trajectory.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// What the regimes share that go through the phases of a trajectory; `OwnOptions` derives from
/// `TrajectoryOptions`.
template <class OwnOptions>
class TrajectoryRegime : public Regime {
 public:
  using Options = OwnOptions;
  explicit TrajectoryRegime(Options options) : options_(std::move(options)) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.counterfactual_rows = resampling() != nullptr;
    return access;
  }

  [[nodiscard]] std::vector<Phase> schedule(const Environment& environment) const override {
    if (const char* option = resampling()) require_resampling(environment, option);
    return Trajectory(options_, environment).phases();
  }

  void check(const Environment& environment, const TrainingOptions& training) const override {
    require_steps(Trajectory(options_, environment), training);
  }

 protected:
  /// The name of the option that asks for rows with resampled cues; null if it is not set.
  [[nodiscard]] virtual const char* resampling() const { return nullptr; }

  Options options_;
};

}  // namespace spurion::regimes
