#include <ATen/ATen.h>

#include "methods/shared/base_risk.hpp"
#include "methods/shared/row_memory.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct DerPpOptions : BaseRiskOptions {
  std::int64_t memory = 200;
  std::int64_t replayed = 64;
  PerReplica<double> alpha = 0.5;
  PerReplica<double> beta = 0.5;
};

/// Dark experience replay++ (Buzzega et al. 2020): a reservoir of rows with the logits they had
/// when they were seen. L = R(new) + alpha * mean ||logits - kept logits||^2 on one draw from it +
/// beta * R on another. The authors' code averages the square over the C outputs of a model, where
/// their paper and this sum it: its alpha is C times this one.
class DerPp final : public Method {
 public:
  using Options = DerPpOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("memory", &O::memory, "Rows to keep.", between(1, 10000000))
            .field("replayed", &O::replayed,
                   "Rows of each of the two samples that an update takes from the memory.",
                   between(1, 1000000))
            .field("alpha", &O::alpha,
                   "Multiplier of the squared distance to the stored logits, summed over outputs. "
                   "(The authors' code averages over outputs.)",
                   at_least(0), log_uniform(1e-1, 1e0))
            .field("beta", &O::beta, "Multiplier of the risk on stored rows.", at_least(0),
                   log_uniform(1e-1, 1e0))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  DerPp(const Options& options, const MethodContext& context)
      : risk_(options, context),
        replayed_(options.replayed),
        alpha_(per_replica_tensor(options.alpha, context)),
        beta_(per_replica_tensor(options.beta, context)),
        memory_(options.memory, context, "replay") {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + memory_.bytes(sizes, true) +
           RowMemory::drawn_bytes(sizes, 2 * replayed_);
  }
  [[nodiscard]] double cost_factor() const override { return 3.0; }

  void begin_phase(ReplicaTrainer& /*trainer*/, std::int64_t phase) override {
    risk_.begin_phase(phase);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const std::int64_t fresh = batch.domains * batch.rows_per_domain;
    Output output;
    if (memory_.size() == 0) {
      output = trainer.forward(batch.x);
      trainer.step_from_losses(risk_(output, batch, trainer));
    } else {
      const RowMemory::Draw dark = memory_.draw(replayed_, 2 * trainer.step());
      const RowMemory::Draw plain = memory_.draw(replayed_, 2 * trainer.step() + 1);
      const Tensor old = joined_rows(dark.batch.x, plain.batch.x);
      const Output all = trainer.forward(joined_rows(batch.x, old));
      output = output_rows(all, 0, fresh);
      const Tensor distance =
          (output_rows(all, fresh, replayed_).logits - dark.logits).pow(2).sum(2).mean(1);
      trainer.step_from_losses(
          risk_(output, batch, trainer) + alpha_ * distance +
          beta_ *
              domain_risks(output_rows(all, fresh + replayed_, replayed_), plain.batch).mean(1));
    }
    memory_.add(batch, output.logits);
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    StateVisitor memory = visit.inside("memory");
    memory_.visit_state(memory);
  }

 private:
  BaseRisk risk_;
  std::int64_t replayed_;
  Tensor alpha_;
  Tensor beta_;
  RowMemory memory_;
};

}  // namespace

void register_der_pp(Catalog& catalog);
void register_der_pp(Catalog& catalog) {
  catalog.methods.add<DerPp>(
      "der_pp", "Replays stored rows together with the logits they had when they were stored.",
      "Buzzega et al. 2020, arXiv:2004.07211");
}

}  // namespace spurion::methods
