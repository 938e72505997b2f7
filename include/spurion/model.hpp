#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/random.hpp"
#include "spurion/tensor.hpp"

namespace spurion {

/// What a model is built for.
struct ModelContext {
  Shape input_shape;         ///< of one row
  std::int64_t outputs = 1;  ///< C
};

/// What a forward pass gives, on the device of the parameters and of their type (float32, or
/// float64 where they are). A run checks both shapes and refuses others.
struct Output {
  Tensor features;  ///< [K, B, F] input of the last layer
  Tensor logits;    ///< [K, B, C]
  /// Where a method uses of a batch its risks alone and the model knows them without logits (a
  /// linear model over a whole training set; a small MLP), and then instead of the above: each
  /// domain's risk [K, E], and for the linear model its gradient [K, E, P].
  Tensor risks = {};
  Tensor risk_gradients = {};
};

/// One tensor inside the flat parameter vector of a replica.
struct ParameterBlock {
  std::string name;  ///< "layer0.weight"
  Shape shape;       ///< of one replica
  std::int64_t offset = 0;
};

/// K replicas of one architecture. The architecture is immutable; parameters are a value, one
/// tensor [K, P], so that optimisers, checkpoints and methods need not know the layers.
class SPURION_API Model {
 public:
  virtual ~Model() = default;

  [[nodiscard]] virtual const std::vector<ParameterBlock>& layout() const = 0;
  /// P
  [[nodiscard]] std::int64_t parameter_count() const;
  /// float32 [K, P] in host memory, all finite; row k depends on keys[k] only.
  [[nodiscard]] virtual Tensor initialise(const std::vector<RandomKey>& keys) const = 0;
  /// `parameters` [K, P]; `x` [K, B, ...input_shape], or [1, B, ...] shared by all replicas.
  /// Differentiable in `parameters` once. For tensors in host memory.
  [[nodiscard]] virtual Output forward(const Tensor& parameters, const Tensor& x) const = 0;
  /// As `forward`, of operations that can be differentiated any number of times, in float64 too and
  /// on any device (the general path): for methods whose loss contains gradients, and the reference
  /// that `forward` is tested against.
  [[nodiscard]] virtual Output forward_differentiable(const Tensor& parameters,
                                                      const Tensor& x) const {
    return forward(parameters, x);
  }
  /// False where a method cannot differentiate gradients through `forward_differentiable`; a trial
  /// whose method needs that is refused before anything runs.
  [[nodiscard]] virtual bool twice_differentiable() const { return true; }
  /// Whichever of the two fits where the parameters are: what methods call.
  [[nodiscard]] Output forward_anywhere(const Tensor& parameters, const Tensor& x) const {
    return parameters.is_cpu() ? forward(parameters, x) : forward_differentiable(parameters, x);
  }
  /// Floating-point operations of one forward pass for one row (multiply and add count as two).
  [[nodiscard]] virtual double forward_flops() const = 0;
  /// Floating-point operations of forward and backward for one row.
  [[nodiscard]] virtual double step_flops() const { return 3.0 * forward_flops(); }
  /// Told by a method that passes rows through the layers by itself how many operations that took,
  /// of all replicas together. A trial counts them as it does those of `forward`.
  virtual void count_flops(double /*flops*/) const {}
  /// Bytes of activations one row of one replica needs in a training step.
  [[nodiscard]] virtual double activation_bytes() const = 0;
  /// Bytes it keeps of its own besides parameters, however many replicas there are.
  [[nodiscard]] virtual double fixed_bytes() const { return 0.0; }
  /// Most replicas a batch may hold (1: the general path, one at a time).
  [[nodiscard]] virtual std::int64_t max_replicas() const { return 1 << 20; }
  /// Where the parameters of the last layer begin in the parameter vector; they reach to its end.
  [[nodiscard]] virtual std::int64_t last_layer_offset() const;
  /// Index into the parameter vector of the weights of a model that is linear in its inputs:
  /// [offset, offset + D). Empty shape name otherwise.
  [[nodiscard]] virtual const ParameterBlock* linear_weights() const { return nullptr; }
  /// Of a model that is linear in its inputs: the slopes [K, D] of the first logit, as a function
  /// of its parameters [K, P]; undefined otherwise. By default those that `linear_weights` points
  /// at. A model that has slopes but no `linear_weights` gives as features the terms its output is
  /// the sum of.
  [[nodiscard]] virtual Tensor linear_coefficients(const Tensor& parameters) const;
};

}  // namespace spurion
