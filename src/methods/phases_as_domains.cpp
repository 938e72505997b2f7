#include <ATen/ATen.h>

#include <vector>

#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/phase_memories.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"

namespace spurion::methods {
namespace {

struct PhasesAsDomainsOptions : L2Option {
  std::string objective = "v_rex";
  PerReplica<double> penalty_weight = 10.0;
  PerReplica<double> step_size = 0.01;
  std::int64_t memory = 200;
  std::int64_t replayed = 64;
  std::int64_t kept_phases = 8;
};

/// The offline methods, online: rows of past phases are kept apart, and the phases, the present one
/// among them, are the domains of group DRO (Sagawa et al. 2020), V-REx (Krueger et al. 2021) or
/// IRMv1 (Arjovsky et al. 2019). The cue's correlation differs between phases, so what they have in
/// common is the mechanism. Phase 0's train domains count as one.
class PhasesAsDomains final : public Method {
 public:
  using Options = PhasesAsDomainsOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("objective", &O::objective, "Objective over the risks of the phases.",
                   one_of({"group_dro", "v_rex", "irm_v1"}))
            .field("penalty_weight", &O::penalty_weight, "Multiplier of the V-REx or IRM penalty.",
                   at_least(0), log_uniform(1e-1, 1e4))
            .field("step_size", &O::step_size,
                   "Step size of the exponentiated-gradient ascent of group DRO.", at_least(0),
                   log_uniform(1e-3, 1e-1))
            .field("memory", &O::memory, "Rows to keep of each phase.", between(1, 10000000))
            .field("replayed", &O::replayed, "Rows of each past phase in an update.",
                   between(1, 1000000))
            .field("kept_phases", &O::kept_phases,
                   "Number of past phases to keep; the newest are kept.", between(1, 1000))
            .include(L2Option::schema());
    return schema;
  }

  PhasesAsDomains(const Options& options, const MethodContext& context)
      : options_(options),
        penalty_weight_(per_replica_tensor(options.penalty_weight, context)),
        step_size_(per_replica_tensor(options.step_size, context)),
        l2_(per_replica_tensor(options.l2, context)),
        phases_(options.memory, options.kept_phases, context) {}

  [[nodiscard]] double cost_factor() const override { return 3.0; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return phases_.bytes(sizes) + static_cast<double>(options_.kept_phases) *
                                      RowMemory::drawn_bytes(sizes, options_.replayed);
  }

  void begin_phase(ReplicaTrainer& /*trainer*/, std::int64_t phase) override {
    if (phases_.begin_phase(phase)) weights_ = Tensor();  // another number of domains
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const std::int64_t fresh = batch.domains * batch.rows_per_domain;
    const std::vector<Batch> past = phases_.draw(options_.replayed, trainer.step());
    Tensor x = batch.x;
    for (const Batch& rows : past) x = joined_rows(x, rows.x);
    const Output all = trainer.forward(x);
    std::vector<Tensor> risks;
    std::vector<Tensor> scales;
    const auto add = [&](const Output& output, const Batch& rows) {
      risks.push_back(domain_risks(output, rows));
      if (options_.objective == "irm_v1") {
        scales.push_back(
            domain_quantities(losses::RowQuantity::scale_gradient, output, rows, trainer));
      }
    };
    add(output_rows(all, 0, fresh), as_one_domain(batch));
    for (std::size_t i = 0; i < past.size(); ++i) {
      add(output_rows(all, fresh + static_cast<std::int64_t>(i) * options_.replayed,
                      options_.replayed),
          past[i]);
    }
    trainer.step_from_losses(
        combine(at::cat(risks, 1), scales, l2_penalty(l2_, trainer.parameters())));
    phases_.add(batch);
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor phases = visit.inside("phases");
    phases_.visit_state(phases);
    visit("weights", weights_);
  }

 private:
  /// From risks [K, E] of the phases, the present first, to one loss [K].
  Tensor combine(const Tensor& risks, const std::vector<Tensor>& scales, const Tensor& l2) {
    if (options_.objective == "group_dro") {
      weights_ = ascended(weights_, step_size_, risks);
      return (weights_ * risks).sum(1) + l2;
    }
    const Tensor mean = risks.mean(1);
    // One domain varies in nothing.
    if (options_.objective == "v_rex" && risks.size(1) == 1) return mean + l2;
    const Tensor penalty = options_.objective == "irm_v1"
                               ? at::cat(scales, 1).pow(2).mean(1)
                               : (risks - mean.unsqueeze(1)).pow(2).mean(1);
    // As offline: a weight above 1 divides the whole loss.
    return (mean + l2 + penalty_weight_ * penalty) / penalty_weight_.clamp_min(1.0);
  }

  Options options_;
  Tensor penalty_weight_;
  Tensor step_size_;
  Tensor l2_;
  PhaseMemories phases_;
  Tensor weights_;
};

}  // namespace

void register_phases_as_domains(Catalog& catalog);
void register_phases_as_domains(Catalog& catalog) {
  catalog.methods.add<PhasesAsDomains>(
      "phases_as_domains", "Group DRO, V-REx or IRMv1 over the phases of a stream.",
      "Sagawa et al. 2020; Krueger et al. 2021; Arjovsky et al. 2019");
}

}  // namespace spurion::methods
