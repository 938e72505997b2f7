#include <ATen/ATen.h>

#include <string>

#include "methods/shared/domain_features.hpp"
#include "methods/shared/domain_penalty.hpp"
#include "methods/shared/fishr_penalty.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/penalty_schedule.hpp"
#include "methods/shared/random_order.hpp"
#include "methods/shared/switched_penalty.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct RandomPenaltyOptions : L2Option {
  std::string penalty = "v_rex";
  PerReplica<double> penalty_weight = 10000.0;
  PerReplica<std::int64_t> anneal_steps = 100;
  bool rescale = true;
  double initial_weight = 1.0;
  PerReplica<double> step_size = 0.01;
  PerReplica<double> smoothing = 0.95;
};

/// A control: the loss of a method with a penalty over domains, with domain labels that mean
/// nothing. At each step the rows of the minibatch are dealt anew to domains of the same size, at
/// random. A method that beats this control gains by what the labels say; where the control beats
/// ERM, the penalty's shape, its schedule or its scale of the gradients is what helped. With Adam
/// `rescale` nearly stops the training where the weight changes: see
/// benchmarks/findings/methods_overview.md.
///
/// Penalty and schedule are those of the method that `penalty` names, by the same code:
///  - v_rex, irm_v1, group_dro: w before anneal_steps is initial_weight, and `rescale` divides.
///    group_dro is its weighted risk minus the mean risk, so that w = 1 is group DRO;
///  - fishr, information_bottleneck: w is 0 before anneal_steps, where the optimiser restarts;
///  - coral, mmd, iga: w is constant.
/// A control takes its weight and its steps from the method that it controls.
class RandomPenalty final : public ObjectiveMethod {
 public:
  using Options = RandomPenaltyOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty", &O::penalty, "Method whose penalty is taken over the random domains.",
                   one_of({"v_rex", "irm_v1", "group_dro", "coral", "mmd", "fishr",
                           "information_bottleneck", "iga"}))
            .field("penalty_weight", &O::penalty_weight, "Multiplier w of the penalty.",
                   at_least(0), log_uniform(1e1, 1e5))
            .field("anneal_steps", &O::anneal_steps,
                   "Steps before the weight changes from initial_weight to penalty_weight. Not of "
                   "coral, mmd and iga.",
                   at_least(0), uniform_integer(50, 250))
            .field("rescale", &O::rescale,
                   "Divide the loss by the weight if the weight is above 1. Adam remembers the "
                   "larger gradients from before, so it makes small updates for a while. Of v_rex, "
                   "irm_v1 and group_dro.")
            .field("initial_weight", &O::initial_weight,
                   "Weight before anneal_steps. Of v_rex, irm_v1 and group_dro; fishr and "
                   "information_bottleneck begin with 0.",
                   at_least(0))
            .field("step_size", &O::step_size,
                   "Step size of the ascent on the weights of group DRO.", at_least(0),
                   log_uniform(1e-3, 1e-1))
            .field("smoothing", &O::smoothing, "Share of the old value in the averages of fishr.",
                   Bounds{0.0, 1.0, false, true, {}})
            .include(L2Option::schema());
    return schema;
  }

  RandomPenalty(const Options& options, const MethodContext& context)
      : name_(options.penalty),
        l2_(per_replica_tensor(options.l2, context)),
        schedule_{per_replica_tensor(options.penalty_weight, context),
                  per_replica_tensor(options.anneal_steps, context), options.initial_weight,
                  options.rescale},
        switched_(options.penalty_weight, options.anneal_steps, context),
        penalty_(options.penalty, per_replica_tensor(options.step_size, context)),
        fishr_(per_replica_tensor(options.smoothing, context)),
        order_(context, "deal") {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] bool needs_second_order() const override { return name_ == "iga"; }
  [[nodiscard]] double cost_factor() const override { return name_ == "iga" ? 4.0 : 1.0; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    if (name_ == "mmd") return kernel_distance_bytes(sizes);
    return name_ == "iga" ? sizes.batch_rows * sizes.row : 0.0;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    if (is_switched()) switched_.before_step(trainer);
    ObjectiveMethod::step(trainer, batch);
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
    const Tensor l2 = l2_penalty(l2_, trainer.parameters());
    if (is_scheduled()) {
      const Tensor risk = domain_risks(output, batch).mean(1);
      return schedule_.combine(risk + l2, penalty_({{dealt, rows}}, trainer), trainer.step());
    }
    const Tensor weight = is_switched() ? switched_.weight(trainer.step()) : schedule_.weight;
    const Tensor risk = row_mean(row_losses(output, batch), batch) + l2;
    if (name_ == "iga") {
      rows.x = dealt_rows(batch.x, order);
      const Tensor each = trainer.domain_gradients(rows, true).gradients;
      return risk + weight * gradient_spread(each).sum(1);
    }
    dealt.features = dealt_rows(output.features, order);
    return risk + weight * of_features(dealt, rows);
  }

  void visit_state(StateVisitor& visit) override {
    penalty_.visit_state(visit);
    fishr_.visit_state(visit);
  }

 private:
  [[nodiscard]] bool is_scheduled() const {
    return name_ == "v_rex" || name_ == "irm_v1" || name_ == "group_dro";
  }
  [[nodiscard]] bool is_switched() const {
    return name_ == "fishr" || name_ == "information_bottleneck";
  }

  /// Rows [K or 1, B, ...] in the order [K, B] of each replica.
  static Tensor dealt_rows(const Tensor& rows, const Tensor& order) {
    Shape shape = rows.sizes().vec();
    shape[0] = order.size(0);
    Tensor index = order;
    while (index.dim() < rows.dim()) index = index.unsqueeze(-1);
    return rows.expand(shape).gather(1, index.expand(shape));
  }

  /// [K]
  Tensor of_features(const Output& dealt, const Batch& rows) {
    if (name_ == "fishr") return fishr_(dealt, rows);
    const Tensor features = domain_features(dealt, rows);
    if (name_ == "information_bottleneck") return mean_row_variance(features);
    return name_ == "mmd" ? kernel_distance(features) : coral_distance(features);
  }

  std::string name_;
  Tensor l2_;
  PenaltySchedule schedule_;
  SwitchedPenalty switched_;
  DomainPenalty penalty_;
  FishrPenalty fishr_;
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
