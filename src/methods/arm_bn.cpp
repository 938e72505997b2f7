#include <ATen/ATen.h>

#include "methods/shared/adapted_erm.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct ArmBnOptions : L2Option {};

/// Adaptive risk minimisation by batch normalisation (ARM-BN, Zhang et al. 2021): in training and
/// where it predicts, batch normalisation uses the statistics of rows of one domain. The model so
/// learns to predict with the statistics of the domain at hand:
///
///     min over theta of the mean over domains e of the mean over rows of loss(f(x; theta, s_e), y)
///
/// s_e: mean and variance of the rows of domain e in the minibatch. Before adaptation the running
/// statistics are used, which follow the mean of s_e over the domains.
///
/// Deviation: the rows that are predicted are other rows than those of the batch. ARM-CML, whose
/// context network adds channels to the input, has no place here: a model gets the rows of its
/// environment.
class ArmBn final : public Method {
 public:
  using Options = ArmBnOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().include(L2Option::schema());
    return schema;
  }
  ArmBn(const Options& options, const MethodContext& context)
      : l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    access.unlabelled_target = true;
    return access;
  }
  void check(const Model& model) const override {
    require_normalisation("arm_bn", model, BlockRole::statistic);
  }
  [[nodiscard]] std::unique_ptr<Adapter> adapter(const ReplicaTrainer& trainer) const override {
    return std::make_unique<BatchNormAdapter>(trainer, 0.0);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const std::int64_t replicas = trainer.replicas();
    // A replica of its own for each domain, so that each has its statistics. Stacked, so that the
    // gradients of the domains are added in one order.
    const std::vector<Tensor> copies(static_cast<std::size_t>(batch.domains), trainer.parameters());
    const Tensor each = at::stack(copies, 1).flatten(0, 1);
    const Output apart = trainer.model().forward_with_statistics(
        each, by_domain(batch, replicas).to(trainer.device()), 1.0);
    Output output;
    output.features = apart.features;
    output.logits = apart.logits.reshape({replicas, batch.domains * batch.rows_per_domain, -1});
    if (apart.statistics.defined()) {
      const Tensor all = apart.statistics.reshape({replicas, batch.domains, -1});
      Tensor mean = all.select(1, 0);
      for (std::int64_t e = 1; e < batch.domains; ++e) mean = mean + all.select(1, e);
      trainer.add_statistics(mean / static_cast<double>(batch.domains));
    }
    trainer.step_from_losses(domain_risks(output, batch).mean(1) +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  /// Rows [K * E, B, ...] of a minibatch.
  static Tensor by_domain(const Batch& batch, std::int64_t replicas) {
    std::vector<std::int64_t> shape = {batch.x.size(0), batch.domains, batch.rows_per_domain};
    const auto row = batch.x.sizes().slice(2);
    shape.insert(shape.end(), row.begin(), row.end());
    Tensor rows = batch.x.reshape(shape);
    shape[0] = replicas;
    return rows.expand(shape).flatten(0, 1).contiguous();
  }

  Tensor l2_;
};

}  // namespace

void register_arm_bn(Catalog& catalog);
void register_arm_bn(Catalog& catalog) {
  catalog.methods.add<ArmBn>("arm_bn",
                             "Learns to predict with the batch statistics of the domain at hand.",
                             "Zhang et al. 2021, arXiv:2007.02931");
}

}  // namespace spurion::methods
