#include <ATen/ATen.h>

#include "methods/shared/domain_penalty.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct IgaOptions : L2Option {
  PerReplica<double> penalty_weight = 1000.0;
  std::string reduction = "sum";
};

/// Inter-environmental gradient alignment (Koyama & Yamaguchi 2020): L = mean_e R_e + w * sum_e
/// ||g_e - mean g||^2, g_e the gradient of R_e. Needs second derivatives of the model.
class Iga final : public Method {
 public:
  using Options = IgaOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight,
                   "Multiplier w of the variance of the domains' gradients.", at_least(0),
                   log_uniform(1e1, 1e5))
            .field(
                "reduction", &O::reduction,
                "Reduction over domains: sum (as in the linear unit tests) or mean (the trace of "
                "the variance).",
                one_of({"sum", "mean"}))
            .include(L2Option::schema());
    return schema;
  }

  Iga(const Options& options, const MethodContext& context)
      : weight_(per_replica_tensor(options.penalty_weight, context)),
        l2_(per_replica_tensor(options.l2, context)),
        sum_(options.reduction == "sum") {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] bool needs_second_order() const override { return true; }
  [[nodiscard]] double cost_factor() const override { return 3.0; }

  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::curvature; }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const auto [risks, gradients] = trainer.domain_gradients(batch, true);
    const Tensor spread = gradient_spread(gradients);
    const Tensor penalty = sum_ ? spread.sum(1) : spread.mean(1);
    trainer.step_from_losses(risks.mean(1) + weight_ * penalty +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  Tensor weight_;
  Tensor l2_;
  bool sum_;
};

}  // namespace

void register_iga(Catalog& catalog);
void register_iga(Catalog& catalog) {
  catalog.methods.add<Iga>("iga", "Penalises the variance of the domains' gradients.",
                           "Koyama & Yamaguchi 2020, arXiv:2008.01883");
}

}  // namespace spurion::methods
