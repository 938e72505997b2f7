#include <ATen/ATen.h>

#include "methods/shared/anchor_penalty.hpp"
#include "methods/shared/row_memory.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct MasOptions : BaseRiskOptions {
  PerReplica<double> strength = 1.0;
  std::int64_t importance_rows = 128;
};

/// Memory aware synapses (Aljundi et al. 2018): importances grow at the end of each phase by the
/// mean magnitude of d ||f(x)||^2 / d theta over a reservoir of its rows; no labels are needed for
/// them. Later phases add strength * sum_i importance_i (theta_i - theta*_i)^2.
class Mas final : public Method {
 public:
  using Options = MasOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("strength", &O::strength, "Multiplier of the quadratic penalty.", at_least(0),
                   log_uniform(1e-2, 1e2))
            .field("importance_rows", &O::importance_rows,
                   "Rows of a phase from which the importances are computed.", between(1, 100000))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  Mas(const Options& options, const MethodContext& context)
      : risk_(options, context),
        penalty_(per_replica_tensor(options.strength, context)),
        memory_(options.importance_rows, context, "importance") {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + 2.0 * memory_.bytes(sizes) + 2.0 * sizes.parameters +
           row_gradient_bytes(sizes);
  }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    risk_.begin_phase(phase);
    if (phase == 0 || memory_.size() == 0) return;
    const Tensor importance = mean_row_gradient(trainer, memory_.all(), RowFunction::squared_output,
                                                EntryReduction::magnitude);
    penalty_.hold(trainer.parameters(),
                  penalty_.set() ? penalty_.importance() + importance : importance);
    memory_.clear();
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    memory_.add(batch);
    Tensor loss = risk_(trainer.forward(batch), batch, trainer);
    if (penalty_.set()) loss = loss + penalty_.value(trainer.parameters());
    trainer.step_from_losses(loss);
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    StateVisitor penalty = visit.inside("penalty");
    penalty_.visit_state(penalty);
    StateVisitor memory = visit.inside("memory");
    memory_.visit_state(memory);
  }

 private:
  BaseRisk risk_;
  AnchorPenalty penalty_;
  RowMemory memory_;
};

}  // namespace

void register_mas(Catalog& catalog);
void register_mas(Catalog& catalog) {
  catalog.methods.add<Mas>(
      "mas", "Memory aware synapses: protects the parameters to which the output is sensitive.",
      "Aljundi et al. 2018, arXiv:1711.09601");
}

}  // namespace spurion::methods
