#include <ATen/ATen.h>

#include "methods/shared/base_risk.hpp"
#include "methods/shared/row_memory.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct ExperienceReplayOptions : BaseRiskOptions {
  std::int64_t memory = 200;
  std::int64_t replayed = 64;
  PerReplica<double> strength = 1.0;
};

/// Experience replay (Chaudhry et al. 2019, "On tiny episodic memories"): a reservoir of all rows
/// seen; each update takes some of them beside the newest: L = R(new) + strength * R(memory).
class ExperienceReplay final : public Method {
 public:
  using Options = ExperienceReplayOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("memory", &O::memory, "Rows to keep.", between(1, 10000000))
            .field("replayed", &O::replayed, "Rows of the memory in each update.",
                   between(1, 1000000))
            .field("strength", &O::strength, "Multiplier of the risk on the memory.", at_least(0),
                   log_uniform(1e-1, 1e1))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  ExperienceReplay(const Options& options, const MethodContext& context)
      : risk_(options, context),
        replayed_(options.replayed),
        strength_(per_replica_tensor(options.strength, context)),
        memory_(options.memory, context, "replay") {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + memory_.bytes(sizes) +
           RowMemory::drawn_bytes(sizes, replayed_);
  }
  [[nodiscard]] double cost_factor() const override { return 2.0; }

  void begin_phase(ReplicaTrainer& /*trainer*/, std::int64_t phase) override {
    risk_.begin_phase(phase);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    if (memory_.size() == 0) {
      trainer.step_from_losses(risk_(trainer.forward(batch.x), batch, trainer));
    } else {
      const Batch old = memory_.draw(replayed_, trainer.step()).batch;
      const Output both = trainer.forward(joined_rows(batch.x, old.x));
      const std::int64_t fresh = batch.domains * batch.rows_per_domain;
      trainer.step_from_losses(risk_(output_rows(both, 0, fresh), batch, trainer) +
                               strength_ *
                                   domain_risks(output_rows(both, fresh, replayed_), old).mean(1));
    }
    memory_.add(batch);
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
  Tensor strength_;
  RowMemory memory_;
};

}  // namespace

void register_experience_replay(Catalog& catalog);
void register_experience_replay(Catalog& catalog) {
  catalog.methods.add<ExperienceReplay>("experience_replay",
                                        "Replays rows from a reservoir sample of all earlier rows.",
                                        "Chaudhry et al. 2019, arXiv:1902.10486");
}

}  // namespace spurion::methods
