#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "acting/rollout.hpp"
#include "regimes/shared/acting_costs.hpp"
#include "regimes/shared/episode_returns.hpp"
#include "regimes/shared/stream_loop.hpp"
#include "regimes/shared/trained_policy.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

struct TeachingOptions {
  std::string mode = "counterfactual";
};

/// Factual and counterfactual teaching (Ortega et al. 2021). `training.batch` episodes (0: one) run
/// side by side in each train domain. Each update takes the states where they are now, and the loss
/// is that of the expert's action there. Then each episode goes one step on: with `mode` = factual
/// by the action of the expert, so the rows are a trace of the expert; with `mode` = counterfactual
/// by an action that is drawn from the probabilities of the model, before its update. No gradient
/// goes through that draw. In both modes an update has as many labels, each of them new.
///
/// A model that is taught factually learns to condition on its own actions; one that is taught
/// counterfactually learns that they are interventions, which say nothing of what is hidden. The
/// paper trains on whole episodes at a time; here the episodes differ in age from the beginning on,
/// so that an update has states of every age.
class Teaching final : public Regime {
 public:
  using Options = TeachingOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().field(
        "mode", &Options::mode,
        "Who acts where the states come from: the expert (factual) or the model "
        "(counterfactual).",
        one_of({"factual", "counterfactual"}));
    return schema;
  }
  explicit Teaching(Options options) : options_(std::move(options)) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    access.cue_inputs = true;
    access.expert_answers = counterfactual();
    return access;
  }
  [[nodiscard]] bool acts() const override { return true; }
  void check(const Environment& environment, const TrainingOptions& /*training*/) const override {
    require_interactive(environment, "teaching");
  }

  [[nodiscard]] std::int64_t minibatch_rows(const Environment& /*environment*/,
                                            const TrainingOptions& training) const override {
    return std::max<std::int64_t>(training.batch, 1);
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    for (const auto& environment : context.environments) {
      require_interactive(*environment, "teaching");
    }
    Run run{context, method, trainer, evaluator};
    Lessons body(run, counterfactual());
    run_phases(
        run, 1, [&](std::int64_t) { return context.training.steps; }, body);
    body.end();
  }

 private:
  [[nodiscard]] bool counterfactual() const { return options_.mode == "counterfactual"; }

  class Lessons final : public PhaseBody {
   public:
    Lessons(Run& run, bool model_acts)
        : run_(&run),
          model_acts_(model_acts),
          lanes_(std::max<std::int64_t>(run.context.training.batch, 1)),
          returns_(run.context, lanes_),
          costs_(run.trainer.replicas()) {}

    void prepare(std::int64_t /*phase*/, std::int64_t /*steps*/) override {
      const auto& environments = run_->context.environments;
      rollouts_.clear();
      policies_.clear();
      for (const Domain& domain : environments.front()->train_domains()) {
        rollouts_.emplace_back(acting::rollout_place(environments, domain, Split::train), lanes_);
        policies_.emplace_back(*run_, "taught actions " + domain.key);
      }
    }

    /// Lane b of B begins when it is b / B of the longest episode old.
    void enter(std::int64_t /*phase*/) override {
      constexpr std::int64_t kOldest = 1000;
      const auto& world = *run_->context.environments.front()->interactive();
      const std::int64_t oldest = std::min(world.acting().horizon, kOldest);
      const Tensor ages = at::arange(lanes_).mul(oldest).floor_divide(lanes_);
      for (std::int64_t step = 0; step <= oldest; ++step) {
        for (std::size_t slot = 0; slot < rollouts_.size(); ++slot) {
          restart(slot, ages.eq(oldest - step).expand_as(rollouts_[slot].done()));
          if (step < oldest) {
            go_on(slot, logits_of(slot, model_acts_ ? rollouts_[slot].observe() : Tensor()));
          }
          restart(slot, rollouts_[slot].done());
        }
      }
    }

    void step(std::int64_t phase, std::int64_t step) override {
      measure_on_the_way(*run_, phase, step);
      Batch batch;
      batch.domains = static_cast<std::int64_t>(rollouts_.size());
      batch.rows_per_domain = lanes_;
      batch.task = run_->context.environments.front()->info().task;
      std::vector<Tensor> inputs;
      std::vector<Tensor> answers;
      std::vector<Tensor> logits;
      for (std::size_t slot = 0; slot < rollouts_.size(); ++slot) {
        inputs.push_back(rollouts_[slot].observe());
        answers.push_back(rollouts_[slot].act(ReferencePolicy::expert));
        logits.push_back(logits_of(slot, inputs.back()));
      }
      batch.x = at::cat(inputs, 1);
      batch.y = at::stack(answers, 1);
      run_->method.step(run_->trainer, batch);
      for (std::size_t slot = 0; slot < rollouts_.size(); ++slot) {
        go_on(slot, logits[slot]);
        restart(slot, rollouts_[slot].done());
      }
      const std::int64_t rows = batch.domains * batch.rows_per_domain;
      UpdateCounts counts;
      counts.rows = rows;
      const std::int64_t replicas = run_->trainer.replicas();
      counts.new_labels.assign(static_cast<std::size_t>(replicas), rows);
      if (model_acts_) {
        for (std::int64_t k = 0; k < replicas; ++k) costs_.count_queries(k, rows);
      }
      counts.flops = costs_.take_flops();
      run_->evaluator.count_update(run_->trainer, counts);
    }

    /// Records what the whole training cost.
    void end() { costs_.record(*run_, 0); }

    void visit_state(StateVisitor& visit) override {
      for (std::size_t slot = 0; slot < rollouts_.size(); ++slot) {
        StateVisitor own = visit.inside("rollout_" + std::to_string(slot));
        rollouts_[slot].visit_state(own);
      }
      StateVisitor returns = visit.inside("returns");
      returns_.visit_state(returns);
      StateVisitor costs = visit.inside("costs");
      costs_.visit_state(costs);
    }

   private:
    /// What the model says of `inputs`, which a slot shows; undefined where it does not act.
    [[nodiscard]] Tensor logits_of(std::size_t slot, const Tensor& inputs) const {
      return model_acts_ ? policies_[slot].logits(inputs) : Tensor();
    }

    /// One step of all episodes of a slot.
    void go_on(std::size_t slot, const Tensor& logits) {
      acting::Rollout& rollout = rollouts_[slot];
      const Tensor actions = model_acts_ ? policies_[slot].sampled(logits, rollout)
                                         : rollout.act(ReferencePolicy::expert);
      const Tensor rewards = rollout.step(actions);
      const EpisodeReturns::Ended ended =
          returns_.add(static_cast<std::int64_t>(slot), rewards, rollout.done());
      if (!model_acts_) return;
      costs_.count_returns(ended.sum, ended.count);
      for (std::int64_t k = 0; k < rollout.replicas(); ++k) {
        costs_.count_steps(k, rollout.lanes());
        costs_.count_flops(k, static_cast<double>(rollout.lanes()) * policies_[slot].flops());
      }
    }

    /// Begins the next episode in some lanes.
    void restart(std::size_t slot, const Tensor& lanes) {
      if (!lanes.any().item<bool>()) return;
      returns_.begin(static_cast<std::int64_t>(slot), lanes);
      rollouts_[slot].restart(lanes);
    }

    Run* run_;
    bool model_acts_;
    std::int64_t lanes_;                     // B
    std::vector<acting::Rollout> rollouts_;  // of each train domain
    std::vector<TrainedPolicy> policies_;
    EpisodeReturns returns_;
    ActingCosts costs_;
  };

  Options options_;
};

}  // namespace

void register_teaching(Catalog& catalog);
void register_teaching(Catalog& catalog) {
  catalog.regimes.add<Teaching>(
      "teaching", "The expert's action is revealed at each state of a trace, or of own episodes.",
      "Ortega et al. 2021, arXiv:2110.10819");
}

}  // namespace spurion::regimes
