#include "harness/measure/acting_scores.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <optional>

#include "acting/policy.hpp"
#include "acting/rollout.hpp"
#include "core/measurement_names.hpp"
#include "harness/measure/action_habits.hpp"
#include "harness/measure/anchored_policy.hpp"
#include "harness/measure/state_share.hpp"

namespace spurion::harness {

namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

/// KL(exact || policy) of each state, [K, B] float64.
Tensor divergence(const Tensor& exact, const Tensor& logits) {
  const Tensor log_policy = logits.to(at::kDouble).log_softmax(2);
  return (at::xlogy(exact, exact) - exact * log_policy).sum(2);
}

/// One run of the policies of all replicas.
class PolicyRun {
 public:
  PolicyRun(const PackScorer& scorer, const ReplicaTrainer& trainer,
            const std::vector<std::shared_ptr<const Environment>>& environments,
            const ActingRequest& request)
      : scorer_(&scorer),
        trainer_(&trainer),
        request_(&request),
        facts_(&environments.front()->interactive()->acting()),
        rollout_(acting::rollout_place(environments, request.domain, request.split),
                 request.episodes),
        habits_(trainer.replicas(), environments.front()->info().outputs),
        returns_(at::zeros({trainer.replicas(), request.episodes}, at::kDouble)) {
    if (request.reference != nullptr && request.habits) anchored_.emplace(*request.reference);
    // Draws of an evaluation depend on nothing that was trained.
    for (std::int64_t k = 0; k < trainer.replicas(); ++k) {
      keys_.push_back(RandomKey(0).child("evaluated policy"));
    }
  }

  [[nodiscard]] MetricValues run() {
    double weight = 1.0;
    while (!rollout_.all_done()) {
      const Tensor going = rollout_.done().logical_not();
      const Tensor actions = choose(going);
      habits_.add(actions, going, rollout_.steps());
      const Tensor rewards = rollout_.step(actions);
      returns_ += rewards.to(at::kDouble) * weight;
      weight *= facts_->discount;
    }
    return results();
  }

 private:
  /// What the policies do now; notes how.
  [[nodiscard]] Tensor choose(const Tensor& going) {
    const Tensor logits = scorer_->logits_of(*trainer_, rollout_.observe());
    const Tensor best = acting::greedy_actions(logits);
    if (request_->habits) {
      agrees_.add(best.eq(rollout_.act(ReferencePolicy::expert)), going);
      if (request_->twin.kind != Intervention::Kind::none) {
        const Tensor twin = scorer_->logits_of(*trainer_, rollout_.observe(request_->twin));
        flips_.add(best.ne(acting::greedy_actions(twin)), going);
      }
      const std::optional<ExactPredictive> exact = rollout_.predictive();
      if (exact) {
        conditional_.add(divergence(exact->conditional, logits), going);
        interventional_.add(divergence(exact->interventional, logits), going);
      }
      if (anchored_) {
        Evaluated prior;
        prior.members.push_back(anchored_->reference().parameters);
        anchored_->add({logits, scorer_->logits_of(prior, *trainer_, rollout_.observe()),
                        exact ? exact->reward : Tensor(), going});
      }
    }
    const bool samples = request_->samples || facts_->samples_actions;
    return samples ? acting::sampled_actions(logits, keys_, rollout_) : best;
  }

  [[nodiscard]] MetricValues results() const {
    using Id = core::MetricId;
    MetricValues values;
    const auto put = [&](Id id, const Tensor& value) { values[core::stored_name(id)] = value; };
    const auto put_share = [&](Id id, const StateShare& share) {
      if (share.known()) put(id, share.mean());
    };
    const auto episodes = static_cast<double>(request_->episodes);
    put(Id::mean_return, returns_.mean(1));
    if (request_->episodes > 1) {
      // Not std(): its last bit depends on how many replicas there are.
      const Tensor squares = (returns_ - returns_.mean(1, true)).pow(2).sum(1);
      put(Id::return_error, (squares / (episodes - 1.0) / episodes).sqrt());
    }
    put(Id::goal_rate, rollout_.goal().to(at::kDouble).mean(1));
    put(Id::proxy_rate, rollout_.proxy().to(at::kDouble).mean(1));
    put(Id::episode_steps, rollout_.steps().to(at::kDouble).mean(1));
    put(Id::evaluated_episodes, at::full({trainer_->replicas()}, episodes, at::kDouble));
    if (!request_->habits) return values;
    put(Id::repeat_action_rate, habits_.repeat_rate());
    put(Id::copycat_own_error, habits_.copycat_error());
    put_share(Id::own_state_accuracy, agrees_);
    put_share(Id::action_flip_rate, flips_);
    put_share(Id::conditional_kl, conditional_);
    put_share(Id::interventional_kl, interventional_);
    if (anchored_) anchored_->put(values);
    return values;
  }

  const PackScorer* scorer_;
  const ReplicaTrainer* trainer_;
  const ActingRequest* request_;
  const InteractiveInfo* facts_;
  acting::Rollout rollout_;
  ActionHabits habits_;
  Tensor returns_;  // float64 [K, B]
  std::vector<RandomKey> keys_;
  StateShare agrees_;
  StateShare flips_;
  StateShare conditional_;
  StateShare interventional_;
  std::optional<AnchoredPolicy> anchored_;
};

}  // namespace

MetricValues acting_scores(const PackScorer& scorer, const ReplicaTrainer& trainer,
                           const std::vector<std::shared_ptr<const Environment>>& environments,
                           const ActingRequest& request) {
  const at::NoGradGuard no_grad;
  return PolicyRun(scorer, trainer, environments, request).run();
}

std::vector<std::pair<std::string, double>> expert_habits(const Environment& environment,
                                                          const Domain& domain,
                                                          std::int64_t episodes) {
  acting::Rollout rollout(acting::rollout_place({&environment}, domain, Split::test), episodes);
  ActionHabits habits(1, environment.info().outputs);
  while (!rollout.all_done()) {
    const Tensor actions = rollout.act(ReferencePolicy::expert);
    habits.add(actions, rollout.done().logical_not(), rollout.steps());
    static_cast<void>(rollout.step(actions));
  }
  return {
      {core::stored_name(core::MetricId::expert_repeat_rate), habits.repeat_rate().item<double>()},
      {core::stored_name(core::MetricId::copycat_expert_error),
       habits.copycat_error().item<double>()}};
}

void add_return_references(const std::vector<ReferenceReturns>& references, MetricValues& values) {
  const auto found = values.find(core::stored_name(core::MetricId::mean_return));
  if (found == values.end()) return;
  const Tensor returns = found->second;
  Tensor regret = at::empty_like(returns);
  Tensor confusion = at::full_like(returns, kNotKnown);
  for (std::size_t k = 0; k < references.size(); ++k) {
    const ReferenceReturns& known = references[k];
    const double lost = known.optimal.value - returns.data_ptr<double>()[k];
    regret.data_ptr<double>()[k] = lost;
    // Where following the cue costs nothing that is sure, the index has no meaning.
    const double cost = known.optimal.value - known.cue.value;
    if (cost > known.optimal.error_bound + known.cue.error_bound) {
      confusion.data_ptr<double>()[k] = lost / cost;
    }
  }
  values[core::stored_name(core::MetricId::return_regret)] = regret;
  values[core::stored_name(core::MetricId::return_confusion)] = confusion;
}

}  // namespace spurion::harness
