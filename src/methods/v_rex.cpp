#include <ATen/ATen.h>

#include "methods/penalty_schedule.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion {
namespace {

struct VRexOptions {
  PerReplica<double> penalty_weight = 10000.0;
  PerReplica<std::int64_t> anneal_steps = 100;
  PerReplica<double> l2 = 0.001;
  bool rescale = true;
};

/// V-REx (Krueger et al. 2021): L = mean_e R_e + w * Var_e R_e, with the population variance and
/// the same annealing and rescaling as the authors' code.
class VRex final : public ObjectiveMethod {
 public:
  using Options = VRexOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight, "Multiplier w of the variance of risks.",
                   at_least(0), log_uniform(1e1, 1e5))
            .field("anneal_steps", &O::anneal_steps,
                   "Steps before the weight changes from 1 to penalty_weight.", at_least(0),
                   uniform_integer(50, 250))
            .field("l2", &O::l2, "Coefficient of the squared norm of all parameters in the loss.",
                   at_least(0), log_uniform(1e-5, 1e-2))
            .field("rescale", &O::rescale, "Divide the loss by the weight where that is above 1.");
    return schema;
  }

  VRex(const Options& options, const MethodContext& context)
      : l2_(per_replica_tensor(options.l2, context)),
        schedule_{per_replica_tensor(options.penalty_weight, context),
                  per_replica_tensor(options.anneal_steps, context), 1.0, options.rescale} {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  [[nodiscard]] FullBatchUse full_batch_use() const override { return FullBatchUse::risks; }

  Tensor objective(const Output& output, const Batch& batch, Trainee& trainee) override {
    const Tensor risks = domain_risks(output, batch);
    const Tensor mean = risks.mean(1);
    const Tensor variance = (risks - mean.unsqueeze(1)).pow(2).mean(1);
    return schedule_.combine(mean + l2_penalty(l2_, trainee.parameters()), variance,
                             trainee.step());
  }

 private:
  Tensor l2_;
  PenaltySchedule schedule_;
};

}  // namespace

void register_v_rex(Catalog& catalog);
void register_v_rex(Catalog& catalog) {
  catalog.methods.add<VRex>("v_rex", "Risk extrapolation: penalises the variance of domain risks.",
                            "Krueger et al. 2021, arXiv:2003.00688");
}

}  // namespace spurion
