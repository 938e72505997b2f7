#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct DannOptions : L2Option {
  PerReplica<double> penalty_weight = 1.0;
  std::int64_t adversary_steps = 1;
  PerReplica<double> gradient_penalty = 0.0;
  PerReplica<double> adversary_learning_rate = 1e-3;
  PerReplica<double> adversary_weight_decay = 0.0;
  PerReplica<double> adversary_beta1 = 0.5;
  std::int64_t adversary_width = 256;
  std::int64_t adversary_depth = 2;
};

/// Domain-adversarial training (Ganin et al. 2016): an adversary predicts the domain from the
/// features; it minimises its cross-entropy A, the model minimises R - lambda A, in one backward
/// pass through a gradient reversal.
///
/// Defaults and ranges are DomainBed's, and so is the penalty on the adversary's input gradients,
/// w mean ||dA/dfeatures||^2. DomainBed updates the adversary and the model on different
/// minibatches in turn; here `adversary_steps` updates of the adversary use the minibatch of the
/// model's update, the last of them at the same time, so every step updates the model.
class Dann final : public Method {
 public:
  using Options = DannOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight,
                   "Multiplier lambda of the adversary's loss.", at_least(0),
                   log_uniform(1e-2, 1e2))
            .field("adversary_steps", &O::adversary_steps,
                   "Updates of the adversary for each update of the model.", between(1, 64),
                   log_uniform_integer(1, 8))
            .field("gradient_penalty", &O::gradient_penalty,
                   "Multiplier of the squared gradient of the adversary's loss by the features.",
                   at_least(0), log_uniform(1e-2, 1e1))
            .field("adversary_learning_rate", &O::adversary_learning_rate,
                   "Step size of the adversary's Adam.", positive(), log_uniform(3e-5, 3e-3))
            .field("adversary_weight_decay", &O::adversary_weight_decay,
                   "Weight decay of the adversary.", at_least(0), log_uniform(1e-6, 1e-2))
            .field("adversary_beta1", &O::adversary_beta1, "beta1 of the adversary's Adam.",
                   between(0, 1))
            .field("adversary_width", &O::adversary_width,
                   "Units of each hidden layer of the adversary.", between(1, 65536),
                   log_uniform_integer(64, 1024))
            .field("adversary_depth", &O::adversary_depth, "Hidden layers of the adversary.",
                   between(0, 16), uniform_integer(2, 4))
            .include(L2Option::schema());
    return schema;
  }

  Dann(const Options& options, const MethodContext& context)
      : options_(options),
        context_(context),
        adversary_("adversary",
                   {context.domains, options.adversary_depth, options.adversary_width}),
        weight_(per_replica_tensor(options.penalty_weight, context)),
        gradient_penalty_(per_replica_tensor(options.gradient_penalty, context)),
        l2_(per_replica_tensor(options.l2, context)) {
    for (const double value : options.gradient_penalty.values()) {
      penalises_gradients_ = penalises_gradients_ || value > 0.0;
    }
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] double cost_factor() const override { return 1.5; }

  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    OptimizerOptions optimizer;
    optimizer.learning_rate = options_.adversary_learning_rate;
    optimizer.weight_decay = options_.adversary_weight_decay;
    optimizer.beta1 = options_.adversary_beta1;
    optimizer.beta2 = 0.9;
    return {adversary_.block(feature_count(model, context_), context_, optimizer)};
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    const Tensor seen = output.features.detach().requires_grad_(penalises_gradients_);
    for (std::int64_t i = 1; i < options_.adversary_steps; ++i) {
      trainer.step_own(adversary_.name(), adversary_loss(trainer, seen, batch));
    }
    Tensor features = reversed(output.features, weight_.reshape({-1, 1, 1}));
    // Of a model that is linear in its inputs the features are the inputs, which nothing trains.
    if (!features.requires_grad()) features = seen;
    const Tensor risk = domain_risks(output, batch).mean(1);
    trainer.step_with_own(risk + adversary_loss(trainer, features, batch) +
                          l2_penalty(l2_, trainer.parameters()));
  }

 private:
  /// Cross-entropy of the adversary, with its gradient penalty, [K].
  [[nodiscard]] Tensor adversary_loss(const ReplicaTrainer& trainer, const Tensor& features,
                                      const Batch& batch) const {
    const Tensor guess = adversary_(trainer, features);
    const Tensor domain = at::arange(batch.domains, at::device(trainer.device()).dtype(at::kLong))
                              .repeat_interleave(batch.rows_per_domain)
                              .unsqueeze(0);
    const Tensor rows = losses::row_loss(Task::multiclass, guess, domain);
    const Tensor loss = row_mean(rows, batch);
    if (!penalises_gradients_) return loss;
    const Tensor slopes = torch::autograd::grad({rows.sum()}, {features}, {}, /*retain_graph=*/true,
                                                /*create_graph=*/true)[0];
    return loss + gradient_penalty_ * row_mean(slopes.pow(2).sum(2), batch);
  }

  Options options_;
  MethodContext context_;
  OwnPerceptron adversary_;
  Tensor weight_;
  Tensor gradient_penalty_;
  Tensor l2_;
  bool penalises_gradients_ = false;
};

}  // namespace

void register_dann(Catalog& catalog);
void register_dann(Catalog& catalog) {
  catalog.methods.add<Dann>("dann", "Features from which an adversary cannot tell the domain.",
                            "Ganin et al. 2016, arXiv:1505.07818");
}

}  // namespace spurion::methods
