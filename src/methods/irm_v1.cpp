#include <ATen/ATen.h>

#include "methods/penalty_schedule.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"

namespace spurion {
namespace {

struct IrmOptions {
  PerReplica<double> penalty_weight = 10000.0;
  PerReplica<std::int64_t> anneal_steps = 100;
  PerReplica<double> l2 = 0.001;
  bool rescale = true;
  std::string dummy = "scale";
  std::string reduction = "mean";
  double initial_weight = 1.0;
  bool convex = false;
};

/// IRMv1 (Arjovsky et al. 2019): L = mean_e R_e + w * mean_e (d R_e(s f) / ds at s = 1)^2. For the
/// log and squared losses the dummy gradient has a closed form in the logits, so no second backward
/// pass is needed.
///
/// The linear unit tests (Aubin et al. 2021) use three other choices: the dummy has a scale and a
/// bias (`dummy = "affine"`), penalties are summed over domains (`reduction = "sum"`), and risk and
/// penalty are mixed convexly, (1 - w) R + w P (`convex = true`, w in [0, 1]).
class IrmV1 final : public ObjectiveMethod {
 public:
  using Options = IrmOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight, "Multiplier w of the invariance penalty.",
                   at_least(0), log_uniform(1e2, 1e6))
            .field("anneal_steps", &O::anneal_steps,
                   "Steps before the weight changes from initial_weight to penalty_weight.",
                   at_least(0), uniform_integer(50, 250))
            .field("l2", &O::l2, "Coefficient of the squared norm of all parameters in the loss.",
                   at_least(0), log_uniform(1e-5, 1e-2))
            .field("rescale", &O::rescale, "Divide the loss by the weight where that is above 1.")
            .field("dummy", &O::dummy, "Dummy classifier: a scale, or a scale and a bias.",
                   one_of({"scale", "affine"}))
            .field("reduction", &O::reduction, "How penalties of the domains are combined.",
                   one_of({"mean", "sum"}))
            .field("initial_weight", &O::initial_weight, "Weight before anneal_steps.", at_least(0))
            .field("convex", &O::convex,
                   "(1 - w) R + w P instead of R + w P; w must be in [0, 1].");
    return schema;
  }

  IrmV1(const Options& options, const MethodContext& context)
      : options_(options),
        l2_(per_replica_tensor(options.l2, context)),
        schedule_{per_replica_tensor(options.penalty_weight, context),
                  per_replica_tensor(options.anneal_steps, context), options.initial_weight,
                  options.rescale} {
    if (options.convex) {
      for (const double weight : options.penalty_weight.values()) {
        if (weight > 1.0) {
          throw UsageError("'penalty_weight' of irm_v1 must be in [0, 1] when convex = true");
        }
      }
    }
    if (options.dummy == "affine" && context.task == Task::multiclass) {
      throw UsageError("'dummy' of irm_v1 must be 'scale' for a task with many classes");
    }
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  [[nodiscard]] FullBatchUse full_batch_use() const override { return FullBatchUse::curvature; }

  Tensor objective(const Output& output, const Batch& batch, Trainee& trainee) override {
    using losses::RowQuantity;
    const auto per_domain = [&](RowQuantity quantity) {
      return domain_quantities(quantity, output, batch, trainee);
    };
    const Tensor risk = per_domain(RowQuantity::loss).mean(1);
    Tensor penalties = per_domain(RowQuantity::scale_gradient).pow(2);
    if (options_.dummy == "affine") {
      penalties = penalties + per_domain(RowQuantity::shift_gradient).pow(2);
    }
    const Tensor penalty = options_.reduction == "sum" ? penalties.sum(1) : penalties.mean(1);
    const Tensor regularised = risk + l2_penalty(l2_, trainee.parameters());
    if (options_.convex) {
      const Tensor now = schedule_.at(trainee.step());
      return (1 - now) * regularised + now * penalty;
    }
    return schedule_.combine(regularised, penalty, trainee.step());
  }

 private:
  Options options_;
  Tensor l2_;
  PenaltySchedule schedule_;
};

}  // namespace

void register_irm_v1(Catalog& catalog);
void register_irm_v1(Catalog& catalog) {
  catalog.methods.add<IrmV1>("irm_v1", "Invariant risk minimisation with the dummy-scale penalty.",
                             "Arjovsky et al. 2019, arXiv:1907.02893");
}

}  // namespace spurion
