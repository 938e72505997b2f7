#include <ATen/ATen.h>

#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/penalty_schedule.hpp"
#include "methods/shared/switched_penalty.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct IbIrmOptions : L2Option {
  PerReplica<double> bottleneck_weight = 100.0;
  PerReplica<std::int64_t> bottleneck_steps = 500;
  PerReplica<double> irm_weight = 100.0;
  PerReplica<std::int64_t> irm_steps = 500;
};

/// IB-IRM: invariant risk minimisation with an information bottleneck (Ahuja et al. 2021; as in
/// DomainBed): L = R + b V + w P. V is the mean over domains and features of the variance over the
/// rows of a domain (sums divided by B - 1; 0 for one row), P is IRMv1's penalty mean_e (d R_e(s f)
/// / ds at s = 1)^2. Before their steps b is 0 and w is 1; the optimiser restarts at each. Defaults
/// and ranges are DomainBed's. DomainBed estimates P by the product of the slopes of the even and
/// of the odd rows, which is unbiased for P over all rows; here P is that of the minibatch.
/// `information_bottleneck` is IB-ERM.
class IbIrm final : public ObjectiveMethod {
 public:
  using Options = IbIrmOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("bottleneck_weight", &O::bottleneck_weight,
                   "Multiplier b of the mean variance of the features.", at_least(0),
                   log_uniform(1e-1, 1e5))
            .field("bottleneck_steps", &O::bottleneck_steps, "Steps without that penalty.",
                   at_least(0), log_uniform_integer(1, 10000))
            .field("irm_weight", &O::irm_weight, "Multiplier w of IRMv1's penalty.", at_least(0),
                   log_uniform(1e-1, 1e5))
            .field("irm_steps", &O::irm_steps, "Steps in which w is 1.", at_least(0),
                   log_uniform_integer(1, 10000))
            .include(L2Option::schema());
    return schema;
  }

  IbIrm(const Options& options, const MethodContext& context)
      : bottleneck_(options.bottleneck_weight, options.bottleneck_steps, context),
        irm_switch_(options.irm_weight, options.irm_steps, context),
        irm_{per_replica_tensor(options.irm_weight, context),
             per_replica_tensor(options.irm_steps, context), /*initial=*/1.0, /*rescale=*/false},
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    bottleneck_.before_step(trainer);
    irm_switch_.before_step(trainer);
    ObjectiveMethod::step(trainer, batch);
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor spread = mean_row_variance(domain_features(output, batch));
    const Tensor slopes =
        domain_quantities(losses::RowQuantity::scale_gradient, output, batch, trainer);
    return row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.parameters()) +
           bottleneck_.weight(trainer.step()) * spread +
           irm_.at(trainer.step()) * slopes.pow(2).mean(1);
  }

 private:
  SwitchedPenalty bottleneck_;
  SwitchedPenalty irm_switch_;  // restarts the optimiser; its weight before the switch is 0
  PenaltySchedule irm_;
  Tensor l2_;
};

}  // namespace

void register_ib_irm(Catalog& catalog);
void register_ib_irm(Catalog& catalog) {
  catalog.methods.add<IbIrm>("ib_irm",
                             "Invariant risk minimisation that penalises the variance of features.",
                             "Ahuja et al. 2021, arXiv:2106.06607");
}

}  // namespace spurion::methods
