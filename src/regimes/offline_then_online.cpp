#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "regimes/shared/fixed_training.hpp"
#include "regimes/shared/policy_rollouts.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/interactive.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

constexpr const char* kOfflineThenOnline = "offline_then_online";

struct OfflineThenOnlineOptions : ActingOptions {
  double offline_fraction = 0.5;
};

/// Offline training on demonstrations of the train domains, as in the regime `offline`, and then
/// updates from the rewards of the learner's own actions, as in `policy_gradient`. Both share one
/// schedule of the learning rate and one optimiser. The domains are also measured where acting
/// begins: what the demonstrations alone gave.
class OfflineThenOnline final : public Regime {
 public:
  using Options = OfflineThenOnlineOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("offline_fraction", &O::offline_fraction,
                   "Share of the updates that are on demonstrations.", between(0, 1))
            .include(ActingOptions::schema());
    return schema;
  }
  explicit OfflineThenOnline(const Options& options) : options_(options) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.rewards = true;
    return access;
  }
  [[nodiscard]] bool acts() const override { return true; }

  void check(const Environment& environment, const TrainingOptions& training) const override {
    check_acting(kOfflineThenOnline, options_, environment, training);
  }

  [[nodiscard]] std::int64_t minibatch_rows(const Environment& environment,
                                            const TrainingOptions& training) const override {
    return std::max(Regime::minibatch_rows(environment, training),
                    rollout_minibatch(options_, environment, training));
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return rollout_bytes(options_, sizes);
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    for (const auto& environment : context.environments) {
      check(*environment, context.training);
    }
    Run run{context, method, trainer, evaluator};
    Body body(run, options_);
    run_phases(
        run, 1, [&](std::int64_t) { return context.training.steps; }, body);
  }

 private:
  /// One phase of both parts, so that what is measured last is the result.
  class Body final : public PhaseBody {
   public:
    Body(Run& run, const Options& options)
        : run_(&run),
          offline_(std::llround(options.offline_fraction *
                                static_cast<double>(run.context.training.steps))),
          rollouts_(run, options, {}) {
      if (offline_ > 0) {
        demonstrations_ = std::make_unique<RowSource>(run.context, train_domain_slots(),
                                                      run.context.training.rows);
      }
    }

    void prepare(std::int64_t /*phase*/, std::int64_t steps) override { steps_ = steps; }
    void step(std::int64_t phase, std::int64_t step) override {
      const bool measured = measure_on_the_way(*run_, phase, step);
      if (measured && step > offline_) rollouts_.record(phase);
      if (step < offline_) {
        train_step(*run_, *demonstrations_, step);
      } else {
        if (!measured && step == offline_ && step > 0) {
          run_->evaluator.measure(run_->trainer, phase, EvaluationScope::domains);
        }
        demonstrations_.reset();
        rollouts_.update();
      }
      done_ = step + 1;
      if (done_ == steps_ && done_ > offline_) rollouts_.record(phase);
    }
    void visit_state(StateVisitor& visit) override {
      visit("done", done_);
      if (done_ > offline_) demonstrations_.reset();
      if (demonstrations_) {
        StateVisitor rows = visit.inside("demonstrations");
        demonstrations_->visit_state(rows);
      }
      StateVisitor acting = visit.inside("acting");
      rollouts_.visit_state(acting);
    }

   private:
    Run* run_;
    std::int64_t offline_;
    PolicyRollouts rollouts_;
    std::unique_ptr<RowSource> demonstrations_;  // until acting begins
    std::int64_t steps_ = 0;
    std::int64_t done_ = 0;
  };

  Options options_;
};

}  // namespace

void register_offline_then_online(Catalog& catalog);
void register_offline_then_online(Catalog& catalog) {
  catalog.regimes.add<OfflineThenOnline>(
      kOfflineThenOnline,
      "Training on demonstrations, then on the rewards of the learner's own actions.",
      "Korbak et al. 2022, arXiv:2205.11275");
}

}  // namespace spurion::regimes
