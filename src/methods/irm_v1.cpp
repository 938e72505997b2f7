#include <ATen/ATen.h>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/penalty_schedule.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct IrmOptions : L2Option {
  PerReplica<double> penalty_weight = 10000.0;
  PerReplica<std::int64_t> anneal_steps = 100;
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
/// Constants are those of the authors' code for coloured MNIST: the mean of the domains' risks, l2
/// times the squared norm of all parameters, w times the mean of their penalties, and the whole
/// divided by w where that is above 1. Its l2 is 0.001, the default here 0, as of every method.
///
/// The linear unit tests (Aubin et al. 2021) use three other choices: the dummy has a scale and a
/// bias (`dummy = "affine"`), penalties are summed over domains (`reduction = "sum"`), and risk and
/// penalty are mixed convexly, (1 - w) R + w P (`convex = true`, w in [0, 1]).
///
/// With `dummy = "inputs"` every input of the last layer has a factor of its own: P_e = mean_j (d
/// R_e / d s_j at s = 1)^2, where the output is sum_j s_j (term of input j). For models that are
/// linear in their inputs: of `linear` the terms are those of the inputs themselves; of
/// `linear_representation` they are its features, which is the IRM of the authors' synthetic
/// experiments. Its loss, r sum_e R_e + (1 - r) sum_e P_e, is up to a factor the convex one with
/// reduction = "sum" and w = (1 - r) / (1 - r + r E), E the number of domains.
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
            .field("rescale", &O::rescale,
                   "Divide the loss by the weight if the weight is above 1. Adam remembers the "
                   "larger gradients from before, so it makes small updates for a while.")
            .field(
                "dummy", &O::dummy,
                "Dummy classifier. scale: a factor of the output. affine: a factor and a bias. "
                "inputs: a factor of each input of the last layer (for models that are linear in "
                "their inputs), with the squares averaged over the inputs.",
                one_of({"scale", "affine", "inputs"}))
            .field("reduction", &O::reduction, "Reduction of the penalties over domains.",
                   one_of({"mean", "sum"}))
            .field("initial_weight", &O::initial_weight, "Weight before anneal_steps.", at_least(0))
            .field("convex", &O::convex,
                   "Use (1 - w) R + w P instead of R + w P. w must be in [0, 1].")
            .include(L2Option::schema());
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
    if (options.dummy != "scale" && context.task == Task::multiclass) {
      throw UsageError("'dummy' of irm_v1 must be 'scale' for a task with many classes");
    }
  }

  void check(const Model& model) const override {
    if (options_.dummy != "inputs") return;
    if (model.linear_coefficients(at::zeros({1, model.parameter_count()})).defined()) return;
    throw UsageError(
        "dummy = 'inputs' of irm_v1 needs a model that is linear in its inputs: linear or "
        "linear_representation");
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::curvature; }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    using losses::RowQuantity;
    const auto per_domain = [&](RowQuantity quantity) {
      return domain_quantities(quantity, output, batch, trainer);
    };
    const Tensor risk = per_domain(RowQuantity::loss).mean(1);
    Tensor penalties;
    if (options_.dummy == "inputs") {
      penalties = factor_gradients(output, batch, trainer).pow(2).mean(2);
    } else {
      penalties = per_domain(RowQuantity::scale_gradient).pow(2);
    }
    if (options_.dummy == "affine") {
      penalties = penalties + per_domain(RowQuantity::shift_gradient).pow(2);
    }
    const Tensor penalty = options_.reduction == "sum" ? penalties.sum(1) : penalties.mean(1);
    const Tensor regularised = risk + l2_penalty(l2_, trainer.parameters());
    if (options_.convex) {
      const Tensor now = schedule_.at(trainer.step());
      return (1 - now) * regularised + now * penalty;
    }
    return schedule_.combine(regularised, penalty, trainer.step());
  }

 private:
  /// The derivative of each domain's risk by a factor of each input of the last layer, [K, E, F].
  static Tensor factor_gradients(const Output& output, const Batch& batch,
                                 const ReplicaTrainer& trainer) {
    const ParameterBlock* block = trainer.model().linear_weights();
    // Where the last layer has weights, the derivative by a factor is a weight times the derivative
    // by it; without, the output is the sum of the features.
    const auto weighted = [&](const Tensor& slopes) {
      if (block == nullptr) return slopes;
      const std::int64_t count = element_count(block->shape);
      return slopes * trainer.parameters().narrow(1, block->offset, count).unsqueeze(1);
    };
    if (output.risk_gradients.defined()) {
      SPURION_CHECK(block != nullptr, "risks without logits are those of a linear model");
      return weighted(output.risk_gradients.narrow(2, block->offset, element_count(block->shape)));
    }
    const std::int64_t replicas = output.logits.size(0);
    const std::int64_t rows = batch.rows_per_domain;
    const Tensor slopes = losses::shift_gradient(batch.task, output.logits, batch.y.flatten(1))
                              .reshape({replicas, batch.domains, rows});
    const Tensor counted = batch.weight.defined() ? slopes * batch.weight : slopes;
    const Tensor inputs = block == nullptr ? output.features : batch.x.flatten(2);
    const Tensor each =
        inputs.expand({replicas, -1, -1}).reshape({replicas * batch.domains, rows, inputs.size(2)});
    const Tensor sums = engine::batched_matmul(counted.reshape({replicas * batch.domains, 1, rows}),
                                               engine::Transpose::no, each, engine::Transpose::no);
    return weighted(sums.reshape({replicas, batch.domains, inputs.size(2)}) /
                    static_cast<double>(rows));
  }

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

}  // namespace spurion::methods
