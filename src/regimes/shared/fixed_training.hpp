#pragma once

#include <cstdint>
#include <optional>

#include "regimes/shared/stream_loop.hpp"

namespace spurion::regimes {

/// All rows of each train domain from the first on.
SlotFunction train_domain_slots();

/// Minibatches of one training set of the train domains, for methods that may go over all of it.
class FixedTraining final : public PhaseBody {
 public:
  /// What differs between regimes.
  struct Options {
    bool groups = false;  ///< batches carry group labels
    /// The unlabelled rows that arrive in each domain, if any do. Methods may train with those of
    /// the test domain; phase 1, what became of the trained model by adaptation, is evaluated
    /// wherever phase 0 is.
    std::optional<Adaptation> adaptation = std::nullopt;
  };
  FixedTraining(Run& run, const SlotFunction& slots, Options options);
  ~FixedTraining() override;
  FixedTraining(const FixedTraining&) = delete;
  FixedTraining& operator=(const FixedTraining&) = delete;

  void prepare(std::int64_t /*phase*/, std::int64_t /*steps*/) override {}
  void step(std::int64_t phase, std::int64_t step) override;
  void visit_state(StateVisitor& visit) override { source_.visit_state(visit); }

 private:
  Run* run_;
  RowSource source_;
  bool adapts_;
};

}  // namespace spurion::regimes
