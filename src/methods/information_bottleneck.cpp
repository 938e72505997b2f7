#include <ATen/ATen.h>

#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/switched_penalty.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct BottleneckOptions : L2Option {
  PerReplica<double> bottleneck_weight = 100.0;
  PerReplica<std::int64_t> bottleneck_steps = 500;
  PerReplica<double> irm_weight = 0.0;
  PerReplica<std::int64_t> irm_steps = 500;
};

/// The information bottleneck with ERM or IRM (Ahuja et al. 2021; as in DomainBed): L = R + b V + w
/// P. V is the mean over domains and features of the variance over the rows of a domain (sums
/// divided by B - 1; 0 for one row), P is IRMv1's penalty mean_e (d R_e(s f) / ds at s = 1)^2. b
/// and w are 0 before their steps; the optimiser restarts at each. With irm_weight 0, the default,
/// it is IB-ERM. `ib_irm` is IB-IRM with the defaults and the search ranges of DomainBed.
class InformationBottleneck final : public ObjectiveMethod {
 public:
  using Options = BottleneckOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("bottleneck_weight", &O::bottleneck_weight,
                   "Multiplier b of the mean variance of the features.", at_least(0),
                   log_uniform(1e-1, 1e5))
            .field("bottleneck_steps", &O::bottleneck_steps, "Steps without that penalty.",
                   at_least(0), log_uniform_integer(1, 10000))
            .field("irm_weight", &O::irm_weight, "Multiplier w of IRMv1's penalty.", at_least(0))
            .field("irm_steps", &O::irm_steps, "Steps without that penalty.", at_least(0))
            .include(L2Option::schema());
    return schema;
  }

  InformationBottleneck(const Options& options, const MethodContext& context)
      : bottleneck_(options.bottleneck_weight, options.bottleneck_steps, context),
        irm_(options.irm_weight, options.irm_steps, context),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    bottleneck_.before_step(trainer);
    irm_.before_step(trainer);
    ObjectiveMethod::step(trainer, batch);
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor spread = mean_row_variance(domain_features(output, batch));
    const Tensor slopes =
        domain_quantities(losses::RowQuantity::scale_gradient, output, batch, trainer);
    return row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.parameters()) +
           bottleneck_.weight(trainer.step()) * spread +
           irm_.weight(trainer.step()) * slopes.pow(2).mean(1);
  }

 private:
  SwitchedPenalty bottleneck_;
  SwitchedPenalty irm_;
  Tensor l2_;
};

}  // namespace

void register_information_bottleneck(Catalog& catalog);
void register_information_bottleneck(Catalog& catalog) {
  catalog.methods.add<InformationBottleneck>("information_bottleneck",
                                             "Penalises the variance of features; with IRM's "
                                             "penalty if wanted.",
                                             "Ahuja et al. 2021, arXiv:2106.06607");
}

}  // namespace spurion::methods
