#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "methods/shared/affine_head.hpp"
#include "methods/shared/ridge_solution.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct RidgeOptions {
  PerReplica<double> l2 = 1e-3;
};

/// Ridge regression (Hoerl & Kennard 1970), solved exactly: the last layer minimises
///
///     (1/n) sum_i |t_i - w' features(x_i) - b|^2 + l2 |w|^2
///
/// over all n training rows, in float64; b has no penalty. t is the target of a regression, -1 or
/// +1 of two classes, and -1 or +1 for each of several classes. All parameters before the last
/// layer stay as they were initialised: of `linear` and `random_features` the solution is that of
/// the whole model, of other models that of random features.
///
/// The first update solves; later updates change nothing, so `training.steps = 1` is enough.
/// Learning rate, optimiser and minibatch size have no effect: this is training to convergence, in
/// closed form. Models with batch normalisation are refused, since their features depend on the
/// minibatch.
class Ridge final : public Method {
 public:
  using Options = RidgeOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().field(
        "l2", &Options::l2,
        "Coefficient of the squared norm of the weights, beside the mean squared error. 0: least "
        "squares, of least norm.",
        at_least(0), log_uniform(1e-5, 1e1));
    return schema;
  }

  Ridge(const Options& options, const MethodContext& context)
      : options_(options), task_(context.task) {}

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }
  [[nodiscard]] std::optional<KnownFit> known_fit(std::int64_t replica) const override {
    return KnownFit{KnownFit::Kind::ridge, options_.l2.at(replica)};
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    // Features in float32 and three times in float64, and the system of the smaller side.
    const double rows = sizes.training_rows;
    const double features = sizes.activations / sizeof(float);
    const double side = std::min(rows, features);
    return sizes.parameters + rows * features * (sizeof(float) + 3.0 * sizeof(double)) +
           side * side * sizeof(double);
  }

  void check(const Model& model) const override {
    if (columns_with(model, BlockRole::statistic).numel() > 0) {
      throw UsageError(
          "ridge cannot train a model with batch normalisation: its features would change with "
          "the minibatch");
    }
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    if (!solution_.defined()) {
      check(trainer.model());
      solution_ = solved(trainer);
    }
    const at::NoGradGuard no_grad;
    // The loss tells replicas that are not finite; the update of nothing counts the step.
    trainer.step_from_gradients(row_mean(row_losses(trainer.forward(batch.x), batch), batch),
                                at::zeros_like(trainer.parameters()));
    const Tensor active = trainer.active().to(trainer.device()).unsqueeze(1);
    trainer.set_trainable(at::where(active, solution_, trainer.parameters().detach()));
  }

  void visit_state(StateVisitor& visit) override { visit("solution", solution_); }

 private:
  /// The labels [n] as targets [n, C].
  [[nodiscard]] Tensor targets(const Tensor& labels, std::int64_t outputs) const {
    if (task_ == Task::regression) return labels.to(at::kDouble).unsqueeze(1);
    if (outputs == 1) return labels.to(at::kDouble).unsqueeze(1) * 2.0 - 1.0;
    return at::one_hot(labels, outputs).to(at::kDouble) * 2.0 - 1.0;
  }

  [[nodiscard]] Tensor solved(ReplicaTrainer& trainer) const {
    const at::NoGradGuard no_grad;
    const std::int64_t replicas = trainer.replicas();
    struct Part {
      std::vector<Tensor> x, y, weight;
    };
    std::vector<Part> parts(static_cast<std::size_t>(replicas));
    bool intercept = true;
    std::int64_t outputs = 1;
    trainer.over_training_rows([&](const Batch& rows) {
      const Output output = trainer.forward(rows.x);
      outputs = output.logits.size(2);
      intercept =
          affine_head("ridge", trainer.model(), trainer.parameters(), output).biases.defined();
      const Tensor features = output.features.to(at::kCPU, at::kDouble);
      const Tensor labels = rows.y.flatten(1).to(at::kCPU);
      const Tensor weights =
          (rows.weight.defined() ? rows.weight : at::ones_like(rows.y, at::kFloat))
              .flatten(1)
              .to(at::kCPU, at::kDouble);
      for (std::int64_t k = 0; k < replicas; ++k) {
        const auto own = [k](const Tensor& values) { return values[values.size(0) == 1 ? 0 : k]; };
        Part& part = parts[static_cast<std::size_t>(k)];
        part.x.push_back(own(features));
        part.y.push_back(targets(own(labels), outputs));
        part.weight.push_back(own(weights));
      }
    });
    Tensor parameters = trainer.parameters().detach().to(at::kCPU).clone();
    double flops = 0.0;
    for (std::int64_t k = 0; k < replicas; ++k) {
      Part& part = parts[static_cast<std::size_t>(k)];
      const Tensor x = at::cat(part.x).contiguous();
      // Of a replica that is not finite nothing is solved; the loss says so.
      if (!at::isfinite(x).all().item<bool>()) continue;
      RidgeRows rows;
      rows.features = x.size(1);
      rows.outputs = outputs;
      rows.intercept = intercept;
      rows.x = numbers(x);
      rows.y = numbers(at::cat(part.y).contiguous());
      rows.weight = numbers(at::cat(part.weight).contiguous());
      part = {};
      const RidgeSolution found = ridge_solution(std::move(rows), options_.l2.at(k));
      flops += found.flops;
      write(found, trainer.model(), x.size(1), parameters[k]);
    }
    trainer.count_flops(flops);
    return parameters.to(trainer.device());
  }

  static std::vector<double> numbers(const Tensor& values) {
    return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
  }

  /// Writes the last layer into the parameters [P] of a replica.
  static void write(const RidgeSolution& found, const Model& model, std::int64_t features,
                    const Tensor& parameters) {
    const auto outputs = static_cast<std::int64_t>(found.bias.size());
    const std::int64_t first = model.last_layer_offset();
    Tensor weights = at::tensor(found.weights, at::kDouble).reshape({features, outputs});
    for (const ParameterBlock& block : model.layout()) {
      // A module of LibTorch keeps its weights as [C, F].
      if (block.offset == first && features != outputs && block.shape == Shape{outputs, features}) {
        weights = weights.t();
      }
    }
    parameters.narrow(0, first, features * outputs).copy_(weights.reshape({-1}));
    const std::int64_t rest = parameters.size(0) - first - features * outputs;
    if (rest > 0) {
      parameters.narrow(0, first + features * outputs, rest)
          .copy_(at::tensor(found.bias, at::kDouble));
    }
  }

  Options options_;
  Task task_;
  Tensor solution_;  // [K, P]
};

}  // namespace

void register_ridge(Catalog& catalog);
void register_ridge(Catalog& catalog) {
  catalog.methods.add<Ridge>("ridge",
                             "Ridge regression of the last layer, solved exactly in one update.",
                             "Hoerl & Kennard 1970");
}

}  // namespace spurion::methods
