#pragma once

#include <cstdint>

#include "regimes/shared/policy_rollouts.hpp"
#include "regimes/shared/stream_loop.hpp"

namespace spurion::regimes {

/// Updates from rollouts of the policy. What was gained is recorded wherever the policy is
/// measured.
class ActingPhase final : public PhaseBody {
 public:
  ActingPhase(Run& run, const ActingOptions& acting, PolicyRollouts::Options options)
      : run_(&run), rollouts_(run, acting, options) {}

  void prepare(std::int64_t /*phase*/, std::int64_t steps) override { steps_ = steps; }
  void step(std::int64_t phase, std::int64_t step) override {
    if (measure_on_the_way(*run_, phase, step) && step > 0) rollouts_.record(phase);
    rollouts_.update();
    if (step + 1 == steps_) rollouts_.record(phase);
  }
  void visit_state(StateVisitor& visit) override { rollouts_.visit_state(visit); }

 private:
  Run* run_;
  PolicyRollouts rollouts_;
  std::int64_t steps_ = 0;
};

}  // namespace spurion::regimes
