#include <ATen/ATen.h>

#include "methods/shared/base_risk.hpp"
#include "methods/shared/distillation.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct LwfOptions : BaseRiskOptions {
  PerReplica<double> strength = 1.0;
  double temperature = 2.0;
};

/// Learning without forgetting (Li & Hoiem 2016): on the rows of a new phase predictions are held
/// to those of the model as it was when the phase began, by strength * T^2 * KL. The paper has no
/// T^2: its lambda_o is strength * T^2. One head serves all phases, so there are no old tasks'
/// heads to keep.
class Lwf final : public ObjectiveMethod {
 public:
  using Options = LwfOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("strength", &O::strength,
                   "Multiplier of the distillation loss T^2 KL; the paper's lambda_o / T^2.",
                   at_least(0), log_uniform(1e-1, 1e1))
            .field("temperature", &O::temperature, "Temperature T of the predictions compared.",
                   positive())
            .include(BaseRiskOptions::schema());
    return schema;
  }

  Lwf(const Options& options, const MethodContext& context)
      : risk_(options, context),
        strength_(per_replica_tensor(options.strength, context)),
        temperature_(options.temperature) {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + sizes.parameters;
  }
  [[nodiscard]] double cost_factor() const override { return 4.0 / 3.0; }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    risk_.begin_phase(phase);
    if (phase > 0) teacher_.learn(trainer);
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor risk = risk_(output, batch, trainer);
    if (!teacher_.known()) return risk;
    const Tensor old = teacher_.predict(trainer, batch.x);
    return risk + strength_ * distillation(batch.task, output.logits, old, temperature_);
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    StateVisitor teacher = visit.inside("teacher");
    teacher_.visit_state(teacher);
  }

 private:
  BaseRisk risk_;
  Tensor strength_;
  double temperature_;
  Teacher teacher_;
};

}  // namespace

void register_lwf(Catalog& catalog);
void register_lwf(Catalog& catalog) {
  catalog.methods.add<Lwf>(
      "lwf", "Learning without forgetting: distillation from the model of the previous phase.",
      "Li & Hoiem 2016, arXiv:1606.09282");
}

}  // namespace spurion::methods
