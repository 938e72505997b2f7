#include <ATen/ATen.h>

#include "methods/shared/domain_penalty.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/penalty_schedule.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct VRexOptions : L2Option {
  PerReplica<double> penalty_weight = 10000.0;
  PerReplica<std::int64_t> anneal_steps = 100;
  bool rescale = true;
  double initial_weight = 1.0;
};

/// V-REx (Krueger et al. 2021): L = mean_e R_e + l2 N + w * Var_e R_e, with the population variance
/// and N the squared norm of all parameters; DomainBed's, but that the optimiser goes on as it was
/// at the change of w, and that `rescale` divides. DomainBed's defaults are w = 10 and 500 steps.
///
/// The authors' code for coloured MNIST minimises R_1 + R_2 + l2 N + w (R_1 - R_2)^2. With two
/// domains the variance is (R_1 - R_2)^2 / 4, so that
///
///     w_ours = 2 w,   initial_weight = 2,   l2_ours = l2 / 2
///
/// give half of its loss, and, as both divide by their w where that is above 1 (rescale), a quarter
/// of what it descends at every step, for w >= 1: to Adam the same, but for its epsilon.
class VRex final : public ObjectiveMethod {
 public:
  using Options = VRexOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field(
                "penalty_weight", &O::penalty_weight,
                "Multiplier w of the variance of the risks. It is twice the w of the authors' "
                "code, which minimises R_1 + R_2 + l2 N + w (R_1 - R_2)^2. The l2 of that code is "
                "twice the l2 of spurion.",
                at_least(0), log_uniform(1e1, 1e5))
            .field("anneal_steps", &O::anneal_steps,
                   "Steps before the weight changes from initial_weight to penalty_weight.",
                   at_least(0), uniform_integer(50, 250))
            .field("rescale", &O::rescale,
                   "Divide the loss by the weight if the weight is above 1. Adam remembers the "
                   "larger gradients from before, so it makes small updates for a while.")
            .field(
                "initial_weight", &O::initial_weight,
                "Weight before anneal_steps. A weight of 2 corresponds to 1 in the authors' code.",
                at_least(0))
            .include(L2Option::schema());
    return schema;
  }

  VRex(const Options& options, const MethodContext& context)
      : l2_(per_replica_tensor(options.l2, context)),
        schedule_{per_replica_tensor(options.penalty_weight, context),
                  per_replica_tensor(options.anneal_steps, context), options.initial_weight,
                  options.rescale} {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor risks = domain_risks(output, batch);
    const Tensor mean = risks.mean(1);
    return schedule_.combine(mean + l2_penalty(l2_, trainer.parameters()),
                             risk_variance(risks, mean.unsqueeze(1)), trainer.step());
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

}  // namespace spurion::methods
