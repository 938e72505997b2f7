#include <ATen/ATen.h>

#include <string>

#include "methods/shared/domain_penalty.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/penalty_schedule.hpp"
#include "methods/shared/random_order.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct RandomPenaltyOptions : L2Option {
  std::string penalty = "v_rex";
  PerReplica<double> penalty_weight = 10000.0;
  PerReplica<std::int64_t> anneal_steps = 100;
  bool rescale = true;
  double initial_weight = 1.0;
  PerReplica<double> step_size = 0.01;
};

/// A control: the loss of `v_rex`, `irm_v1` or `group_dro` with domain labels that mean nothing.
/// At each step the rows of the minibatch are dealt anew to domains of the same size, at random. A
/// method that beats this control gains by what the labels say; where the control beats ERM, the
/// penalty's shape, its schedule or its scale of the gradients is what helped.
class RandomPenalty final : public ObjectiveMethod {
 public:
  using Options = RandomPenaltyOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field(
                "penalty", &O::penalty,
                "Penalty over the random domains: v_rex (variance of the risks), irm_v1 (squared "
                "gradient of a dummy scale) or group_dro (weighted risk minus mean risk).",
                one_of({"v_rex", "irm_v1", "group_dro"}))
            .field("penalty_weight", &O::penalty_weight, "Multiplier w of the penalty.",
                   at_least(0), log_uniform(1e1, 1e5))
            .field("anneal_steps", &O::anneal_steps,
                   "Steps before the weight changes from initial_weight to penalty_weight.",
                   at_least(0), uniform_integer(50, 250))
            .field("rescale", &O::rescale,
                   "Divide the loss by the weight if the weight is above 1.")
            .field("initial_weight", &O::initial_weight, "Weight before anneal_steps.", at_least(0))
            .field("step_size", &O::step_size,
                   "Step size of the ascent on the weights of group DRO.", at_least(0),
                   log_uniform(1e-3, 1e-1))
            .include(L2Option::schema());
    return schema;
  }

  RandomPenalty(const Options& options, const MethodContext& context)
      : l2_(per_replica_tensor(options.l2, context)),
        schedule_{per_replica_tensor(options.penalty_weight, context),
                  per_replica_tensor(options.anneal_steps, context), options.initial_weight,
                  options.rescale},
        penalty_(options.penalty, per_replica_tensor(options.step_size, context)),
        order_(context, "deal") {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor order =
        order_.at(trainer.step(), batch.domains * batch.rows_per_domain, trainer.device());
    const std::int64_t replicas = output.logits.size(0);
    Output dealt;
    dealt.logits =
        output.logits.gather(1, order.unsqueeze(2).expand({-1, -1, output.logits.size(2)}));
    Batch rows = batch;
    for (Tensor Batch::*member : {&Batch::y, &Batch::weight}) {
      if (!(batch.*member).defined()) continue;
      rows.*member = (batch.*member)
                         .flatten(1)
                         .expand({replicas, -1})
                         .gather(1, order)
                         .reshape({replicas, batch.domains, batch.rows_per_domain});
    }
    const Tensor risk = domain_risks(output, batch).mean(1);
    return schedule_.combine(risk + l2_penalty(l2_, trainer.parameters()),
                             penalty_({{dealt, rows}}, trainer), trainer.step());
  }

  void visit_state(StateVisitor& visit) override { penalty_.visit_state(visit); }

 private:
  Tensor l2_;
  PenaltySchedule schedule_;
  DomainPenalty penalty_;
  RandomOrder order_;
};

}  // namespace

void register_random_penalty(Catalog& catalog);
void register_random_penalty(Catalog& catalog) {
  catalog.methods.add<RandomPenalty>("random_penalty",
                                     "A control: a penalty over domains drawn at random.",
                                     "control", Control::placebo);
}

}  // namespace spurion::methods
