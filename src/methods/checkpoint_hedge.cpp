#include <ATen/ATen.h>

#include <deque>
#include <vector>

#include "methods/shared/base_risk.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"

namespace spurion::methods {
namespace {

struct CheckpointHedgeOptions : BaseRiskOptions {
  std::int64_t experts = 6;
  std::int64_t every = 200;
  PerReplica<double> discount = 0.98;
};

/// Hedging over checkpoints: a learner trains on as ever; copies of it are kept at the start of
/// each later phase and every `every` updates. Of the copies and the learner that one predicts
/// whose discounted loss on the rows so far, sum_t discount^(now - t) loss_i(t), is least: the
/// expert of the greatest exponential weight (Hedge: Freund & Schapire 1997; discounted for
/// drifting streams: Herbster & Warmuth 1998), followed instead of mixed, so that there is one
/// predictor to measure. An old checkpoint that a cue did not spoil can so come back.
class CheckpointHedge final : public Method {
 public:
  using Options = CheckpointHedgeOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("experts", &O::experts, "Number of copies; the newest are kept.",
                   between(1, 100))
            .field("every", &O::every, "Number of updates between two copies.", at_least(1))
            .field("discount", &O::discount,
                   "Factor by which the weight of a past loss shrinks with each minibatch.",
                   between(0, 1))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  CheckpointHedge(const Options& options, const MethodContext& context)
      : risk_(options, context),
        experts_(options.experts),
        every_(options.every),
        discount_(per_replica_tensor(options.discount, context)) {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + (static_cast<double>(experts_) + 3.0) * sizes.parameters;
  }
  [[nodiscard]] double cost_factor() const override { return 3.0; }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    risk_.begin_phase(phase);
    if (phase == 0) return;
    if (!learner_.defined()) learner_ = trainer.parameters().detach().clone();
    keep();
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    if (!learner_.defined()) {  // phase 0: nothing to choose between yet
      trainer.step_from_losses(risk_(trainer.forward(batch.x), batch, trainer));
      return;
    }
    judge(trainer, batch);
    trainer.set_parameters(learner_);
    trainer.step_from_losses(risk_(trainer.forward(batch.x), batch, trainer));
    learner_ = trainer.parameters().detach().clone();
    if (trainer.step() % every_ == 0) keep();
    trainer.set_parameters(chosen());
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    visit("learner", learner_);
    visit("learner_loss", learner_loss_);
    visit("copies", copies_);
    visit("losses", losses_);
  }

 private:
  void keep() {
    if (static_cast<std::int64_t>(copies_.size()) == experts_) {
      copies_.erase(copies_.begin());
      losses_.erase(losses_.begin());
    }
    if (!learner_loss_.defined()) learner_loss_ = at::zeros_like(discount_);
    copies_.push_back(learner_.clone());
    losses_.push_back(learner_loss_.clone());  // what it has shown so far
  }

  /// Discounted losses [K] of everyone on these rows, before they are learned from.
  void judge(ReplicaTrainer& trainer, const Batch& batch) {
    const at::NoGradGuard no_grad;
    const auto add = [&](Tensor& total, const Tensor& parameters) {
      const Output output = trainer.model().forward_anywhere(parameters, batch.x);
      total = discount_ * total + domain_risks(output, batch).mean(1);
    };
    for (std::size_t i = 0; i < copies_.size(); ++i) add(losses_[i], copies_[i]);
    add(learner_loss_, learner_);
  }

  /// The parameters of the expert of least loss of each replica. Ties go to the learner.
  [[nodiscard]] Tensor chosen() const {
    Tensor best = learner_;
    Tensor least = learner_loss_;
    for (std::size_t i = 0; i < copies_.size(); ++i) {
      const Tensor better = losses_[i].lt(least);
      best = at::where(better.unsqueeze(1), copies_[i], best);
      least = at::where(better, losses_[i], least);
    }
    return best;
  }

  BaseRisk risk_;
  std::int64_t experts_;
  std::int64_t every_;
  Tensor discount_;
  Tensor learner_;
  Tensor learner_loss_;
  std::vector<Tensor> copies_;
  std::vector<Tensor> losses_;
};

}  // namespace

void register_checkpoint_hedge(Catalog& catalog);
void register_checkpoint_hedge(Catalog& catalog) {
  catalog.methods.add<CheckpointHedge>("checkpoint_hedge",
                                       "Predicts with the best of its own earlier copies.",
                                       "Freund & Schapire 1997; Herbster & Warmuth 1998");
}

}  // namespace spurion::methods
