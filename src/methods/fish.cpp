#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct FishOptions : L2Option {
  PerReplica<double> meta_step = 0.5;
};

/// Fish (Shi et al. 2022, algorithm 1; as in DomainBed): a copy of the weights takes one step on
/// each domain, one after the other; then theta <- theta + epsilon (copy - theta), which to first
/// order raises the inner products of the domains' gradients. The copy's optimiser is the trial's
/// and keeps its moments. Default and values are DomainBed's. The domains come in their order, as
/// in DomainBed; the paper draws a new order at each step.
class Fish final : public Method {
 public:
  using Options = FishOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("meta_step", &Options::meta_step, "Share epsilon of the way to the copy.",
                   between(0, 1), choice({0.05, 0.1, 0.5}))
            .include(L2Option::schema());
    return schema;
  }

  Fish(const Options& options, const MethodContext& context)
      : context_(context),
        meta_step_(per_replica_tensor(options.meta_step, context).unsqueeze(1)),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    return {second_model(kCopy, model, context_)};
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Tensor before = trainer.parameters().detach().clone();
    trainer.set_own(kCopy, before);
    Tensor mean = at::zeros({trainer.replicas()}, at::device(trainer.device()));
    for (std::int64_t e = 0; e < batch.domains; ++e) {
      const Batch rows = domain_rows(batch, e);
      const Tensor& copy = trainer.own(kCopy);
      const Tensor loss = row_mean(row_losses(trainer.forward_at(copy, rows.x), rows), rows) +
                          l2_penalty(l2_, copy);
      mean = mean + loss.detach() / static_cast<double>(batch.domains);
      trainer.step_own(kCopy, loss);
    }
    const Tensor after = before + meta_step_ * (trainer.own(kCopy).detach() - before);
    // The step counts and looks for divergence; where it leads is decided here, not by the
    // optimiser. The weights of a replica that has stopped are those before.
    trainer.step_from_gradients(mean, before - after);
    const Tensor active = trainer.active().to(trainer.device()).unsqueeze(1);
    trainer.set_trainable(at::where(active, after, before));
  }

 private:
  static constexpr const char* kCopy = "copy";

  MethodContext context_;
  Tensor meta_step_;
  Tensor l2_;
};

}  // namespace

void register_fish(Catalog& catalog);
void register_fish(Catalog& catalog) {
  catalog.methods.add<Fish>("fish", "Moves towards weights that took a step on each domain.",
                            "Shi et al. 2022, arXiv:2104.09937");
}

}  // namespace spurion::methods
