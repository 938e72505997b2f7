#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "methods/shared/anchor_penalty.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct SiOptions : BaseRiskOptions {
  PerReplica<double> strength = 1.0;
  double damping = 0.1;
};

/// Synaptic intelligence (Zenke et al. 2017): along the path of a phase omega_i grows by
/// -g_i * (change of theta_i), g the gradient of the risk; at its end the importance of i grows by
/// omega_i / ((theta_i - theta_i at the phase's start)^2 + damping), never below 0. Later phases
/// add strength * sum_i importance_i (theta_i - theta*_i)^2.
class Si final : public Method {
 public:
  using Options = SiOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("strength", &O::strength, "Multiplier c of the quadratic penalty.", at_least(0),
                   log_uniform(1e-2, 1e2))
            .field("damping", &O::damping, "Damping xi of the importances.", positive())
            .include(BaseRiskOptions::schema());
    return schema;
  }

  Si(const Options& options, const MethodContext& context)
      : risk_(options, context),
        damping_(options.damping),
        penalty_(per_replica_tensor(options.strength, context)) {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + 4.0 * sizes.parameters;
  }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    risk_.begin_phase(phase);
    const Tensor now = trainer.parameters().detach();
    if (phase > 0 && path_.defined()) {
      const Tensor gained = (path_ / ((now - start_).pow(2) + damping_)).clamp_min(0.0);
      penalty_.hold(now, penalty_.set() ? penalty_.importance() + gained : gained);
    }
    start_ = now.clone();
    path_ = at::zeros_like(now);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Tensor loss = risk_(trainer.forward(batch), batch, trainer);
    const Tensor gradient = torch::autograd::grad({loss.sum()}, {trainer.parameters()})[0];
    const Tensor before = trainer.parameters().detach().clone();
    trainer.step_from_gradients(loss,
                                penalty_.set() ? gradient + penalty_.gradient(before) : gradient);
    path_ = path_ - gradient * (trainer.parameters().detach() - before);
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    visit("start", start_);
    visit("path", path_);
    StateVisitor penalty = visit.inside("penalty");
    penalty_.visit_state(penalty);
  }

 private:
  BaseRisk risk_;
  double damping_;
  AnchorPenalty penalty_;
  Tensor start_;
  Tensor path_;
};

}  // namespace

void register_si(Catalog& catalog);
void register_si(Catalog& catalog) {
  catalog.methods.add<Si>(
      "si", "Synaptic intelligence: protects the parameters that lowered the loss in training.",
      "Zenke et al. 2017, arXiv:1703.04200");
}

}  // namespace spurion::methods
