#include <ATen/ATen.h>

#include "methods/shared/anchor_penalty.hpp"
#include "methods/shared/row_memory.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct EwcOptions : BaseRiskOptions {
  PerReplica<double> strength = 100.0;
  PerReplica<double> decay = 1.0;
  std::int64_t fisher_rows = 128;
};

/// Elastic weight consolidation (Kirkpatrick et al. 2017), in its online form (Schwarz et al.
/// 2018): after each phase F <- decay * F + F_phase, with F_phase the diagonal of the empirical
/// Fisher information over a reservoir of the phase's rows, and the loss of later phases has
/// strength / 2 * sum_i F_i (theta_i - theta*_i)^2 added, theta* the parameters at the end of the
/// last phase. decay = 1 sums the phases' Fisher information as the original does, but keeps one
/// anchor instead of one a phase. Observed labels are used, not ones drawn from the model.
class Ewc final : public Method {
 public:
  using Options = EwcOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("strength", &O::strength,
                   "Multiplier of half the quadratic penalty (lambda in the paper).", at_least(0),
                   log_uniform(1e0, 1e4))
            .field("decay", &O::decay,
                   "Factor that multiplies the older Fisher information at a new phase.",
                   between(0, 1), uniform(0.5, 1.0))
            .field("fisher_rows", &O::fisher_rows,
                   "Rows of a phase from which its Fisher information is computed.",
                   between(1, 100000))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  Ewc(const Options& options, const MethodContext& context)
      : risk_(options, context),
        decay_(per_replica_tensor(options.decay, context).unsqueeze(1)),
        penalty_(0.5 * per_replica_tensor(options.strength, context)),
        memory_(options.fisher_rows, context, "fisher") {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + 2.0 * memory_.bytes(sizes) + 2.0 * sizes.parameters +
           row_gradient_bytes(sizes);
  }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    risk_.begin_phase(phase);
    if (phase == 0 || memory_.size() == 0) return;
    const Tensor fisher =
        mean_row_gradient(trainer, memory_.all(), RowFunction::loss, EntryReduction::square);
    penalty_.hold(trainer.parameters(),
                  penalty_.set() ? decay_ * penalty_.importance() + fisher : fisher);
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
  Tensor decay_;
  AnchorPenalty penalty_;
  RowMemory memory_;
};

}  // namespace

void register_ewc(Catalog& catalog);
void register_ewc(Catalog& catalog) {
  catalog.methods.add<Ewc>("ewc", "Elastic weight consolidation, online.",
                           "Kirkpatrick et al. 2017, arXiv:1612.00796; Schwarz et al. 2018, "
                           "arXiv:1805.06370");
}

}  // namespace spurion::methods
