#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct SamOptions : L2Option {
  PerReplica<double> radius = 0.05;
};

/// Sharpness-aware minimisation (Foret et al. 2021): the gradient of the mean loss L at
/// theta + rho g / ||g||, with g = dL/dtheta, updates theta. The norm is over all parameters of a
/// replica; 1e-12 is added to it, as the authors' code does.
class Sam final : public Method {
 public:
  using Options = SamOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("radius", &Options::radius,
                   "Radius rho of the neighbourhood in which the loss is low.", at_least(0),
                   log_uniform(0.01, 0.1))
            .include(L2Option::schema());
    return schema;
  }

  Sam(const Options& options, const MethodContext& context)
      : radius_(per_replica_tensor(options.radius, context)),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] double cost_factor() const override { return 2.0; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 3.0 * sizes.parameters;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Tensor losses = loss_of(trainer.forward(batch.x), trainer.parameters(), batch);
    const Tensor g = trainer.gradient(losses);
    const Tensor scale = radius_ / (g.pow(2).sum(1).sqrt() + 1e-12);
    const Tensor there =
        (trainer.parameters().detach() + scale.unsqueeze(1) * g).requires_grad_(true);
    const Tensor raised = loss_of(trainer.forward_at(there, batch.x), there, batch);
    trainer.step_from_gradients(
        losses, torch::autograd::grad({raised}, {there}, {at::ones_like(raised)})[0]);
  }

 private:
  [[nodiscard]] Tensor loss_of(const Output& output, const Tensor& parameters,
                               const Batch& batch) const {
    return row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, parameters);
  }

  Tensor radius_;
  Tensor l2_;
};

}  // namespace

void register_sam(Catalog& catalog);
void register_sam(Catalog& catalog) {
  catalog.methods.add<Sam>("sam", "Descends the worst loss in a small ball around the parameters.",
                           "Foret et al. 2021, arXiv:2010.01412");
}

}  // namespace spurion::methods
