#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spurion/model.hpp"
#include "spurion/optimizer.hpp"

/// \file
/// Parameters that a method trains beside those of the model: an adversary, a second copy of the
/// model, gates. A method declares them (`Method::own_blocks`); the trainer keeps and updates them.

namespace spurion {

struct MethodContext;
class ReplicaTrainer;

/// One block of a method's own parameters, [K, Q].
struct OwnBlock {
  std::string name;  ///< "discriminator"; once in a method
  /// float32 [K, Q] in host memory, all finite; row k depends on the key of replica k only.
  Tensor initial;
  /// How it is updated; empty: as the model.
  std::optional<OptimizerOptions> optimizer = std::nullopt;
  /// Bytes of activations of one row of one replica in a training step, for the memory plan.
  double activation_bytes = 0.0;
  /// Its parts. `lr_multipliers` of the optimiser apply to parts with names; of an optimiser that
  /// is the model's they do not apply to parts without. default: one part without a name.
  ParameterLayout layout = {};
};

/// A second set of parameters [K, P] of the trained model. Its first values come from the method's
/// keys below `name`, so they differ from those of the model. Throws `UsageError` for a model with
/// batch normalisation: running statistics are kept for the trained parameters only.
SPURION_API OwnBlock second_model(std::string name, const Model& model,
                                  const MethodContext& context);

/// Number F of features that the model gives to its last layer. It makes a pass over one row.
SPURION_API std::int64_t feature_count(const Model& model, const MethodContext& context);

/// How the number of features grows with the width of the model: the multiplier m of its last
/// layer. 1 where the model does not say that it grows.
SPURION_API double feature_multiplier(const Model& model);

/// Sizes of an `OwnPerceptron`.
struct PerceptronShape {
  std::int64_t outputs = 1;  ///< numbers that it gives for each row
  std::int64_t depth = 2;    ///< hidden layers; 0: one affine map; default: 2
  std::int64_t width = 256;  ///< units of each hidden layer; default: 256
  /// Whether units and outputs are a multiple of the features of the model, as the inputs are;
  /// default: false.
  bool as_wide_as_features = false;
};

/// What an `OwnPerceptron` reads.
struct PerceptronInputs {
  std::int64_t features = 1;  ///< of these it is given all: `feature_count`
  std::int64_t others = 0;    ///< further numbers of each row; default: 0
  /// How `features` grow with the width of the model: `feature_multiplier`. Layers that read or
  /// give so many numbers follow the maximal-update parametrisation of the model. default: 1
  double multiplier = 1.0;

  /// The features of a model, and further numbers.
  SPURION_API static PerceptronInputs of(const Model& model, const MethodContext& context,
                                         std::int64_t others = 0);
};

/// A multilayer perceptron with ReLU as an own block: an adversary on features, a gate. Its
/// operations count towards the cost of the trial.
///
///     // constructor:  adversary_("adversary", {context.domains})
///     // own_blocks:   return {adversary_.block(PerceptronInputs::of(model, context_), context_)};
///     // step:         const Tensor guess = adversary_(trainer, reversed(output.features, 1.0));
class SPURION_API OwnPerceptron {
 public:
  /// Of the block `name`.
  OwnPerceptron(std::string name, PerceptronShape shape);

  /// What `Method::own_blocks` returns for it: weights from U(-1/sqrt(inputs), 1/sqrt(inputs)) in
  /// each layer, biases too. `inputs`: numbers of each row, such as `feature_count`.
  [[nodiscard]] OwnBlock block(
      std::int64_t inputs, const MethodContext& context,
      const std::optional<OptimizerOptions>& optimizer = std::nullopt) const;
  /// The same for a perceptron on features of the model, which may grow with its width.
  [[nodiscard]] OwnBlock block(
      const PerceptronInputs& inputs, const MethodContext& context,
      const std::optional<OptimizerOptions>& optimizer = std::nullopt) const;
  /// [K, B, outputs] of rows [K or 1, B, inputs]. Differentiable any number of times, in the rows
  /// and in the parameters that the trainer has for the block.
  Tensor operator()(const ReplicaTrainer& trainer, const Tensor& rows) const;
  /// The name of its block.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  /// Sizes of each layer, from the inputs to the outputs.
  [[nodiscard]] std::vector<std::int64_t> widths(std::int64_t inputs) const;

  std::string name_;
  PerceptronShape shape_;
};

/// The same numbers, with the gradient times -scale on its way back (the gradient reversal of Ganin
/// et al. 2016, arXiv:1505.07818): what an adversary learns from them, the model unlearns. `scale`
/// broadcasts to `values`; [K, 1, 1] for a scale of each replica.
SPURION_API Tensor reversed(const Tensor& values, const Tensor& scale);
/// The same with one scale for all.
SPURION_API Tensor reversed(const Tensor& values, double scale);

}  // namespace spurion
