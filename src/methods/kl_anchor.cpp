#include <ATen/ATen.h>

#include "methods/shared/base_risk.hpp"
#include "methods/shared/distillation.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct KlAnchorOptions : BaseRiskOptions {
  PerReplica<double> strength = 0.5;
};

/// Fine-tuning held to the pretrained predictor: L = R + strength * KL(pi || pi_0) on the rows at
/// hand, pi_0 the model at the end of phase 0. Korbak et al. 2022 ("RL with KL penalties is better
/// viewed as Bayesian inference") show that with an expected reward in place of -R the minimiser is
/// the posterior whose prior is pi_0; here R is the log loss of the labels, so that holds by
/// analogy only. The divergence is from student to teacher, unlike that of distillation.
class KlAnchor final : public ObjectiveMethod {
 public:
  using Options = KlAnchorOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("strength", &O::strength, "Weight of the divergence from pi_0.", at_least(0),
                   log_uniform(1e-2, 1e1))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  KlAnchor(const Options& options, const MethodContext& context)
      : risk_(options, context), strength_(per_replica_tensor(options.strength, context)) {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + sizes.parameters;
  }
  [[nodiscard]] double cost_factor() const override { return 4.0 / 3.0; }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    risk_.begin_phase(phase);
    if (phase == 1) pretrained_.learn(trainer);
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor risk = risk_(output, batch, trainer);
    if (!pretrained_.known()) return risk;
    const Tensor prior = pretrained_.predict(trainer, batch.x);
    // Roles exchanged: the expectation is over what the student predicts.
    return risk + strength_ * distillation(batch.task, prior, output.logits, 1.0);
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    StateVisitor pretrained = visit.inside("pretrained");
    pretrained_.visit_state(pretrained);
  }

 private:
  BaseRisk risk_;
  Tensor strength_;
  Teacher pretrained_;
};

}  // namespace

void register_kl_anchor(Catalog& catalog);
void register_kl_anchor(Catalog& catalog) {
  catalog.methods.add<KlAnchor>("kl_anchor",
                                "Fine-tuning with a KL penalty towards the pretrained predictor.",
                                "Korbak et al. 2022, arXiv:2205.11275");
}

}  // namespace spurion::methods
