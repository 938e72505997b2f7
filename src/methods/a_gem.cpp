#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "methods/shared/base_risk.hpp"
#include "methods/shared/row_memory.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct AGemOptions : BaseRiskOptions {
  std::int64_t memory = 200;
  std::int64_t replayed = 64;
};

/// Averaged gradient episodic memory (Chaudhry et al. 2019): where the gradient g of the newest
/// rows has a negative product with g_ref, that of rows of earlier phases, it is projected: g -
/// (g.g_ref / g_ref.g_ref) g_ref. The memory is a reservoir of the phases before the present.
class AGem final : public Method {
 public:
  using Options = AGemOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("memory", &O::memory, "Rows of earlier phases to keep.", between(1, 10000000))
            .field("replayed", &O::replayed,
                   "Rows of the memory that give the reference gradient g_ref.",
                   between(1, 1000000))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  AGem(const Options& options, const MethodContext& context)
      : risk_(options, context),
        replayed_(options.replayed),
        past_(options.memory, context, "past"),
        present_(options.memory, context, "present") {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + past_.bytes(sizes) + present_.bytes(sizes) +
           RowMemory::drawn_bytes(sizes, replayed_) + 2.0 * sizes.parameters;
  }
  [[nodiscard]] double cost_factor() const override { return 2.0; }

  void begin_phase(ReplicaTrainer& /*trainer*/, std::int64_t phase) override {
    risk_.begin_phase(phase);
    if (present_.size() == 0) return;
    past_.add(present_.all());
    present_.clear();
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Tensor loss = risk_(trainer.forward(batch.x), batch, trainer);
    Tensor gradient = gradient_of(loss, trainer);
    if (past_.size() > 0) {
      const Batch old = past_.draw(replayed_, trainer.step()).batch;
      const Tensor reference =
          gradient_of(domain_risks(trainer.forward(old.x), old).mean(1), trainer);
      const Tensor along = (gradient * reference).sum(1);
      const Tensor length = (reference * reference).sum(1);
      const Tensor share = at::where(along.lt(0) & length.gt(0), along / length.clamp_min(1e-30),
                                     at::zeros_like(along));
      gradient = gradient - share.unsqueeze(1) * reference;
    }
    trainer.step_from_gradients(loss, gradient);
    present_.add(batch);
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    StateVisitor past = visit.inside("past");
    past_.visit_state(past);
    StateVisitor present = visit.inside("present");
    present_.visit_state(present);
  }

 private:
  static Tensor gradient_of(const Tensor& loss, const ReplicaTrainer& trainer) {
    return torch::autograd::grad({loss.sum()}, {trainer.parameters()})[0];
  }

  BaseRisk risk_;
  std::int64_t replayed_;
  RowMemory past_;
  RowMemory present_;
};

}  // namespace

void register_a_gem(Catalog& catalog);
void register_a_gem(Catalog& catalog) {
  catalog.methods.add<AGem>("a_gem",
                            "Projects a gradient if it would raise the loss on earlier phases.",
                            "Chaudhry et al. 2019, arXiv:1812.00420");
}

}  // namespace spurion::methods
