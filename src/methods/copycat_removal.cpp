#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct CopycatRemovalOptions : L2Option {
  PerReplica<double> penalty_weight = 1.0;
  bool sees_action = true;
  std::int64_t discriminator_width = 300;
  PerReplica<double> discriminator_learning_rate = 2e-4;
};

/// Fighting copycat agents (Wen et al. 2020): a discriminator sees the features of a row, and the
/// action that is to be predicted, and predicts the action before it: the inputs of the cue, which
/// the mechanism tells. It minimises its squared error S; then the model minimises R - w S. Since
/// the discriminator sees the action (target-conditioned), the model may keep what the previous
/// action tells of the next one, and no more of it.
///
/// Constants are those of the authors' code: w = 1, one hidden layer of 300 units, Adam with
/// beta1 = 0.5. Its units are leaky; here they are ReLU. S is the mean over the inputs of the cue.
/// The model has the optimiser of the trial.
class CopycatRemoval final : public Method {
 public:
  using Options = CopycatRemovalOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight,
                   "Multiplier w of the error of the discriminator.", at_least(0),
                   log_uniform(1e-1, 1e1))
            .field("sees_action", &O::sees_action,
                   "Whether the discriminator sees the action that is to be predicted.")
            .field("discriminator_width", &O::discriminator_width,
                   "Units of the hidden layer of the discriminator.", between(1, 65536))
            .field("discriminator_learning_rate", &O::discriminator_learning_rate,
                   "Step size of the discriminator's Adam.", positive(), log_uniform(3e-5, 3e-3))
            .include(L2Option::schema());
    return schema;
  }

  CopycatRemoval(const Options& options, const MethodContext& context)
      : options_(options),
        context_(context),
        discriminator_("discriminator", {inputs_of(context), 1, options.discriminator_width}),
        weight_(per_replica_tensor(options.penalty_weight, context)),
        l2_(per_replica_tensor(options.l2, context)) {
    if (!context.cue_inputs.defined()) return;  // only asked about itself
    const Tensor cue = context.cue_inputs.flatten(1).to(context.device, at::kFloat);
    share_ = (cue / cue.sum(1, true).clamp_min(1.0)).unsqueeze(1);
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.cue_inputs = true;
    return access;
  }
  [[nodiscard]] double cost_factor() const override { return 1.5; }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    OptimizerOptions optimizer;
    optimizer.learning_rate = options_.discriminator_learning_rate;
    optimizer.beta1 = 0.5;
    return {discriminator_.block(
        PerceptronInputs::of(model, context_, options_.sees_action ? actions() : 0), context_,
        optimizer)};
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    SPURION_CHECK(share_.defined(), "copycat_removal trains without the inputs of the cue");
    const Output output = trainer.forward(batch.x);
    trainer.step_own(discriminator_.name(), error(trainer, output.features.detach(), batch));
    const Tensor left = error(trainer, output.features, batch);
    trainer.step_from_losses(domain_risks(output, batch).mean(1) - weight_ * left +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  static std::int64_t inputs_of(const MethodContext& context) {
    std::int64_t count = 1;
    for (const std::int64_t size : context.input_shape) count *= size;
    return count;
  }
  /// Numbers that tell the action.
  [[nodiscard]] std::int64_t actions() const {
    if (context_.task == Task::multiclass) return context_.outputs;
    return context_.task == Task::binary ? 2 : 1;
  }

  /// The squared error of the discriminator, [K].
  [[nodiscard]] Tensor error(const ReplicaTrainer& trainer, const Tensor& features,
                             const Batch& batch) const {
    const auto wide = [&](const Tensor& rows) {
      return rows.expand({trainer.replicas(), rows.size(1), rows.size(2)});
    };
    Tensor seen = features;
    if (options_.sees_action) {
      const Tensor labels = batch.y.flatten(1);
      const Tensor action = batch.task == Task::regression
                                ? labels.unsqueeze(2).to(features.scalar_type())
                                : labels.unsqueeze(2)
                                      .eq(at::arange(actions(), labels.options()))
                                      .to(features.scalar_type());
      seen = at::cat({wide(features), wide(action)}, 2);
    }
    const Tensor miss = (discriminator_(trainer, seen) - batch.x.flatten(2)).pow(2) * share_;
    const Tensor rows = miss.sum(2);
    return row_mean(rows.reshape({rows.size(0), batch.domains, batch.rows_per_domain}), batch);
  }

  Options options_;
  MethodContext context_;
  OwnPerceptron discriminator_;
  Tensor weight_;
  Tensor l2_;
  Tensor share_;  // float32 [K, 1, D]: 1 / number of inputs of the cue for each of them, else 0
};

}  // namespace

void register_copycat_removal(Catalog& catalog);
void register_copycat_removal(Catalog& catalog) {
  catalog.methods.add<CopycatRemoval>(
      "copycat_removal", "Features from which a discriminator cannot tell the previous action.",
      "Wen et al. 2020, arXiv:2010.14876");
}

}  // namespace spurion::methods
