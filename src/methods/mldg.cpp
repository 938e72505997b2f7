#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <memory>

#include "methods/shared/l2_option.hpp"
#include "methods/shared/random_order.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct MldgOptions : L2Option {
  PerReplica<double> meta_weight = 1.0;
  std::int64_t meta_test = 1;
};

/// Meta-learning for domain generalisation, to first order (Li et al. 2018; as in DomainBed). At
/// each step the domains stand in a random order. The last `meta_test` are the meta-test domains;
/// each other domain i has one of them, j, in turn. With G_i the gradient on domain i, theta_i the
/// weights after one step of the trial's optimiser on it, from fresh moments, and G_j the gradient
/// on domain j at theta_i, the update has the gradient sum_i (G_i + beta G_j) / E. As in DomainBed
/// the sum of E - meta_test terms is divided by E, and G_j is not differentiated through the step.
///
/// Default and range of beta are DomainBed's. Its meta_test is 2, which needs three domains; the
/// default here is 1. There must be fewer meta-test domains than domains.
class Mldg final : public Method {
 public:
  using Options = MldgOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("meta_weight", &O::meta_weight,
                   "Multiplier beta of the gradients on meta-test domains.", at_least(0),
                   log_uniform(1e-1, 1e1))
            .field("meta_test", &O::meta_test,
                   "Number of meta-test domains; fewer than the train domains.", between(1, 1e6))
            .include(L2Option::schema());
    return schema;
  }

  Mldg(const Options& options, const MethodContext& context)
      : beta_(per_replica_tensor(options.meta_weight, context).unsqueeze(1)),
        l2_(per_replica_tensor(options.l2, context)),
        meta_test_(options.meta_test),
        order_(context, "order") {
    if (meta_test_ >= context.domains) {
      throw UsageError(
          fmt::format("'meta_test' of mldg is {}, but there {} {} train domain{}: "
                      "there must be fewer meta-test domains than domains",
                      meta_test_, context.domains == 1 ? "is" : "are", context.domains,
                      context.domains == 1 ? "" : "s"));
    }
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] double cost_factor() const override { return 2.0; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 8.0 * sizes.parameters;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const auto [risks, gradients] = trainer.domain_gradients(batch, false);
    const Tensor order = order_.at(trainer.step(), batch.domains, trainer.device());  // [K, E]
    const std::int64_t pairs = batch.domains - meta_test_;
    const Tensor decay = 2.0 * l2_.unsqueeze(1) * trainer.parameters().detach();
    Tensor gradient = at::zeros_like(decay);
    Tensor losses = at::zeros_like(l2_);
    for (std::int64_t i = 0; i < pairs; ++i) {
      const Tensor own = order.select(1, i);
      const Tensor other = order.select(1, pairs + i % meta_test_);
      const Tensor at_own =
          gradients.gather(1, own.reshape({-1, 1, 1}).expand({-1, 1, gradients.size(2)}))
              .squeeze(1) +
          decay;
      const auto [loss, at_other] =
          loss_there(after_step(trainer, at_own), batch_of(batch, other), trainer);
      gradient = gradient + at_own + beta_ * at_other;
      losses = losses + risks.gather(1, own.unsqueeze(1)).squeeze(1) + beta_.squeeze(1) * loss;
    }
    const auto domains = static_cast<double>(batch.domains);
    trainer.step_from_gradients(losses / domains, gradient / domains);
  }

 private:
  /// Weights after one step of the trial's optimiser from fresh moments; a leaf [K, P].
  [[nodiscard]] Tensor after_step(ReplicaTrainer& trainer, const Tensor& gradient) {
    if (!inner_) {
      inner_ = std::make_unique<Optimizer>(trainer.optimizer().options(), trainer.replicas(),
                                           ParameterLayout::of(trainer.model()), trainer.device());
    }
    const Tensor all = at::ones({trainer.replicas()}, at::kBool);
    inner_->reset(all);
    inner_->follow_schedule(trainer.optimizer());
    Tensor there = trainer.parameters().detach().clone();
    inner_->step(there, gradient.contiguous(), all);
    return there.requires_grad_(true);
  }

  /// The loss of some rows with other weights, [K], and its gradient, [K, P].
  [[nodiscard]] std::pair<Tensor, Tensor> loss_there(const Tensor& parameters, const Batch& rows,
                                                     const ReplicaTrainer& trainer) const {
    const Tensor loss = row_mean(row_losses(trainer.forward_at(parameters, rows.x), rows), rows) +
                        l2_penalty(l2_, parameters);
    return {loss.detach(), torch::autograd::grad({loss}, {parameters}, {at::ones_like(loss)})[0]};
  }

  /// The rows of one domain (int64 [K]) of each replica, as a minibatch of one domain.
  static Batch batch_of(const Batch& batch, const Tensor& domain) {
    const std::int64_t replicas = domain.size(0);
    Batch one = batch;
    one.domains = 1;
    const auto pick = [&](const Tensor& values, std::int64_t tail) {
      Shape shape = values.sizes().vec();
      shape.erase(shape.begin(), shape.begin() + tail);
      shape.insert(shape.begin(), {values.size(0) * batch.domains, batch.rows_per_domain});
      const Tensor first = values.size(0) == 1
                               ? domain
                               : domain + at::arange(replicas, domain.options()) * batch.domains;
      return values.reshape(shape).index_select(0, first);  // [K, B, ...]
    };
    one.x = pick(batch.x, 2);
    for (Tensor Batch::*member : {&Batch::y, &Batch::group, &Batch::weight, &Batch::number}) {
      if ((one.*member).defined()) one.*member = pick(one.*member, 3).unsqueeze(1);
    }
    return one;
  }

  Tensor beta_;
  Tensor l2_;
  std::int64_t meta_test_;
  RandomOrder order_;
  std::unique_ptr<Optimizer> inner_;  // begins anew at each use: it has no state to keep
};

}  // namespace

void register_mldg(Catalog& catalog);
void register_mldg(Catalog& catalog) {
  catalog.methods.add<Mldg>("mldg", "Steps that also help on a domain held out from them.",
                            "Li et al. 2018, arXiv:1710.03463");
}

}  // namespace spurion::methods
