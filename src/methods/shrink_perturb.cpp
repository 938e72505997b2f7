#include <ATen/ATen.h>

#include "methods/shared/base_risk.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct ShrinkPerturbOptions : BaseRiskOptions {
  PerReplica<double> shrink = 0.6;
  PerReplica<double> perturb = 0.1;
  std::int64_t every = 0;
};

/// Shrink and perturb (Ash & Adams 2020): at the start of each later phase, and every `every`
/// updates where that is above 0, theta <- shrink * theta + perturb * theta', theta' a fresh
/// initialisation. Parameters that are not trained stay.
class ShrinkPerturb final : public Method {
 public:
  using Options = ShrinkPerturbOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("shrink", &O::shrink, "Factor that multiplies the parameters.", between(0, 1),
                   uniform(0.2, 1.0))
            .field("perturb", &O::perturb, "Factor of the fresh initialisation that is added.",
                   at_least(0), log_uniform(1e-3, 1.0))
            .field("every", &O::every,
                   "Number of updates between two applications. 0: only at the start of a phase.",
                   at_least(0))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  ShrinkPerturb(const Options& options, const MethodContext& context)
      : risk_(options, context),
        shrink_(per_replica_tensor(options.shrink, context).unsqueeze(1)),
        perturb_(per_replica_tensor(options.perturb, context).unsqueeze(1)),
        every_(options.every),
        keys_(context.child_keys("shrink_perturb")) {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + sizes.parameters;
  }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    risk_.begin_phase(phase);
    if (phase > 0) refresh(trainer);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    if (every_ > 0 && trainer.step() > last_ && trainer.step() % every_ == 0) refresh(trainer);
    trainer.step_from_losses(risk_(trainer.forward(batch), batch, trainer));
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    visit("times", times_);
    visit("last", last_);
  }

 private:
  void refresh(ReplicaTrainer& trainer) {
    std::vector<RandomKey> keys;
    for (const RandomKey& key : keys_)
      keys.push_back(key.child(static_cast<std::uint64_t>(times_)));
    ++times_;
    last_ = trainer.step();
    const Tensor now = trainer.parameters().detach();
    trainer.set_trainable(shrink_ * now + perturb_ * trainer.fresh_parameters(keys));
  }

  BaseRisk risk_;
  Tensor shrink_;
  Tensor perturb_;
  std::int64_t every_;
  std::vector<RandomKey> keys_;
  std::int64_t times_ = 0;
  std::int64_t last_ = 0;  // step of the last time
};

}  // namespace

void register_shrink_perturb(Catalog& catalog);
void register_shrink_perturb(Catalog& catalog) {
  catalog.methods.add<ShrinkPerturb>(
      "shrink_perturb",
      "Shrinks the parameters and adds a fresh initialisation when the data change.",
      "Ash & Adams 2020, arXiv:1910.08475");
}

}  // namespace spurion::methods
