#include <fmt/format.h>

#include <cmath>

#include "core/counted.hpp"
#include "regimes/shared/acting_costs.hpp"
#include "regimes/shared/acting_phase.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/interactive.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

constexpr const char* kContinualActing = "continual_acting";

struct ContinualActingOptions : ActingOptions {
  ContinualActingOptions() {
    rollout_steps = 16;
    epochs = 1;
    minibatches = 1;
  }
};

/// One life without resets: the learner acts in an environment that never begins again, and learns
/// from the rewards of its own actions as they come. `training.batch` lives of each train domain
/// run side by side (1: a single one); each goes on where the last update left it. The mean reward
/// of a step since the last record is recorded as `training_return`: what the policies had before
/// they learned from it.
class ContinualActing final : public Regime {
 public:
  using Options = ContinualActingOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().include(ActingOptions::schema());
    return schema;
  }
  explicit ContinualActing(const Options& options) : options_(options) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.rewards = true;
    return access;
  }
  [[nodiscard]] bool acts() const override { return true; }

  void check(const Environment& environment, const TrainingOptions& training) const override {
    check_acting(kContinualActing, options_, environment, training);
    const InteractiveEnvironment& world = require_interactive(environment, kContinualActing);
    if (!world.acting().without_resets) {
      throw UsageError(
          fmt::format("regime '{}' is one life without resets, but the episodes of {} end; use the "
                      "regime policy_gradient",
                      kContinualActing, environment.info().name));
    }
    const double updates = static_cast<double>(options_.epochs * options_.minibatches);
    const double rollouts = std::ceil(static_cast<double>(training.steps) / updates);
    const double steps = rollouts * static_cast<double>(rollout_steps(options_, world));
    if (steps > static_cast<double>(world.acting().horizon)) {
      throw UsageError(fmt::format(
          "training.steps = {} needs a life of {:.0f} steps, but one of {} has {}: lower "
          "training.steps or rollout_steps, or take a longer life",
          training.steps, steps, environment.info().name,
          core::counted(world.acting().horizon, "step")));
    }
  }

  [[nodiscard]] std::int64_t minibatch_rows(const Environment& environment,
                                            const TrainingOptions& training) const override {
    return rollout_minibatch(options_, environment, training);
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
    PolicyRollouts::Options how;
    how.one_life = true;
    ActingPhase body(run, options_, how);
    run_phases(
        run, 1, [&](std::int64_t) { return context.training.steps; }, body);
  }

 private:
  Options options_;
};

}  // namespace

void register_continual_acting(Catalog& catalog);
void register_continual_acting(Catalog& catalog) {
  catalog.regimes.add<ContinualActing>(
      kContinualActing, "One life without resets: the learner acts, and learns as it goes on.",
      "Khetarpal et al. 2022, arXiv:2012.13490 (continual reinforcement learning)");
}

}  // namespace spurion::regimes
