#include <fmt/format.h>

#include <string>

#include "regimes/shared/acting_phase.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/interactive.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

constexpr const char* kPolicyGradient = "policy_gradient";

struct PolicyGradientOptions : ActingOptions {
  std::string curriculum = "uniform";
  double curriculum_step = 0.1;
};

/// The learner acts in the train domains and learns from the rewards of its own actions:
/// `training.batch` episodes of each domain side by side, updates after every `rollout_steps` steps
/// of them. `training.steps` counts the updates; `training.rows` has no meaning.
///
/// With `curriculum = "uniform"` all train domains count alike (domain randomisation). With
/// "regret" the rows of a domain are weighted by a mixture that moves to where the regret to the
/// optimal policy is highest; the environment knows the return of that policy. The learner acts
/// equally often in every domain, so both cost the same.
class PolicyGradient final : public Regime {
 public:
  using Options = PolicyGradientOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .include(ActingOptions::schema())
            .field("curriculum", &O::curriculum,
                   "How the train domains count: uniform (all alike) or regret (more where the "
                   "regret to the optimal policy is highest).",
                   one_of({"uniform", "regret"}))
            .field("curriculum_step", &O::curriculum_step,
                   "Step size of the regret curriculum: exponentiated-gradient ascent after each "
                   "rollout.",
                   positive());
    return schema;
  }
  explicit PolicyGradient(const Options& options) : options_(options) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.rewards = true;
    return access;
  }
  [[nodiscard]] bool acts() const override { return true; }

  void check(const Environment& environment, const TrainingOptions& training) const override {
    check_acting(kPolicyGradient, options_, environment, training);
    if (options_.curriculum == "regret" && environment.train_domains().size() < 2) {
      throw UsageError(
          fmt::format("curriculum = \"regret\" moves between train domains, but {} has only one",
                      environment.info().name));
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
    if (options_.curriculum == "regret") how.curriculum_step = options_.curriculum_step;
    ActingPhase body(run, options_, how);
    run_phases(
        run, 1, [&](std::int64_t) { return context.training.steps; }, body);
  }

 private:
  Options options_;
};

}  // namespace

void register_policy_gradient(Catalog& catalog);
void register_policy_gradient(Catalog& catalog) {
  catalog.regimes.add<PolicyGradient>(
      kPolicyGradient, "The learner acts, and learns from the rewards of its own actions.",
      "Sutton et al. 2000 (policy gradient methods)");
}

}  // namespace spurion::regimes
