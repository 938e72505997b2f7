#include <ATen/ATen.h>

#include "methods/shared/fishr_penalty.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/switched_penalty.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct FishrOptions : L2Option {
  PerReplica<double> penalty_weight = 1000.0;
  PerReplica<std::int64_t> anneal_steps = 1500;
  PerReplica<double> smoothing = 0.95;
};

/// Fishr (Rame et al. 2022): the gradients by the last layer shall have the same variance in all
/// domains. L = R + w mean_e mean_q (m_eq - mean_e m_eq)^2 / (1 - s)^2. For the numbers q of the
/// last layer, v_eq is the variance (of the population) over the rows of domain e of the gradient
/// of each row's loss, and m = s m_old + (1 - s) v its exponential average over the steps, from m =
/// 0. Only v is differentiated; the division makes the gradient by v independent of s. w is 0
/// before anneal_steps; the optimiser restarts then. Defaults and ranges are DomainBed's.
class Fishr final : public ObjectiveMethod {
 public:
  using Options = FishrOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight,
                   "Multiplier w of the differences between the domains' gradient variances.",
                   at_least(0), log_uniform(1e1, 1e4))
            .field("anneal_steps", &O::anneal_steps, "Steps without the penalty.", at_least(0),
                   uniform_integer(0, 5000))
            .field("smoothing", &O::smoothing, "Share s of the old value in the average.",
                   Bounds{0.0, 1.0, false, true, {}}, uniform(0.90, 0.99))
            .include(L2Option::schema());
    return schema;
  }

  Fishr(const Options& options, const MethodContext& context)
      : penalty_(options.penalty_weight, options.anneal_steps, context),
        variances_(per_replica_tensor(options.smoothing, context)),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    penalty_.before_step(trainer);
    ObjectiveMethod::step(trainer, batch);
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor penalty = variances_(output, batch);
    return row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.parameters()) +
           penalty_.weight(trainer.step()) * penalty;
  }

  void visit_state(StateVisitor& visit) override { variances_.visit_state(visit); }

 private:
  SwitchedPenalty penalty_;
  FishrPenalty variances_;
  Tensor l2_;
};

}  // namespace

void register_fishr(Catalog& catalog);
void register_fishr(Catalog& catalog) {
  catalog.methods.add<Fishr>("fishr", "Penalises different gradient variances of the domains.",
                             "Rame et al. 2022, arXiv:2109.02934");
}

}  // namespace spurion::methods
