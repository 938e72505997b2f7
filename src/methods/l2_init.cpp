#include <ATen/ATen.h>

#include "methods/shared/base_risk.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct L2InitOptions : BaseRiskOptions {
  PerReplica<double> strength = 1e-3;
  std::string towards = "initial";
};

/// Regenerative regularisation (Kumar et al. 2023): L = R + strength * ||theta - theta_0||^2, with
/// theta_0 the initial parameters; with `towards = "pretrained"` those at the end of phase 0
/// (L2-SP: Li et al. 2018), and then in later phases only.
class L2Init final : public ObjectiveMethod {
 public:
  using Options = L2InitOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("strength", &O::strength, "Multiplier of the squared distance.", at_least(0),
                   log_uniform(1e-5, 1e-1))
            .field("towards", &O::towards, "The point that the penalty pulls the parameters to.",
                   one_of({"initial", "pretrained"}))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  L2Init(const Options& options, const MethodContext& context)
      : risk_(options, context),
        strength_(per_replica_tensor(options.strength, context)),
        phase_(options.towards == "initial" ? 0 : 1) {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + sizes.parameters;
  }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    risk_.begin_phase(phase);
    if (phase == phase_) centre_ = trainer.parameters().detach().clone();
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor risk = risk_(output, batch, trainer);
    if (!centre_.defined()) return risk;
    return risk + strength_ * (trainer.parameters() - centre_).pow(2).sum(1);
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    visit("centre", centre_);
  }

 private:
  BaseRisk risk_;
  Tensor strength_;
  std::int64_t phase_;
  Tensor centre_;
};

}  // namespace

void register_l2_init(Catalog& catalog);
void register_l2_init(Catalog& catalog) {
  catalog.methods.add<L2Init>("l2_init", "Penalises the distance from the initial parameters.",
                              "Kumar et al. 2023, arXiv:2308.11958");
}

}  // namespace spurion::methods
