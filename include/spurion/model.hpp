#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/random.hpp"
#include "spurion/tensor.hpp"

namespace spurion {

enum class Task;

/// What a model is constructed with.
struct ModelContext {
  Shape input_shape;         ///< of one row
  std::int64_t outputs = 1;  ///< C
};

/// The output of a forward pass, on the device of the parameters and with their type (float32 or
/// float64). A run checks both shapes.
struct Output {
  Tensor features;  ///< [K, B, F] input of the last layer
  Tensor logits;    ///< [K, B, C]
  /// Shortcut, instead of features and logits: the risk of each domain [K, E], and for a linear
  /// model its gradient [K, E, P]. Set if the method uses only risks and the model computes them
  /// without logits (a full-batch linear model, a small MLP).
  Tensor risks = {};
  Tensor risk_gradients = {};  ///< [K, E, P]; undefined unless asked for
  /// [K, S]: mean and variance of the rows at each batch normalisation, in the order of the
  /// parameters with the role `statistic`, without a graph. Set by `forward_with_statistics` of a
  /// model that has such parameters.
  Tensor statistics = {};
};

/// The mean loss of each domain's rows and its gradient, for K replicas.
struct DomainRisks {
  Tensor risks;      ///< [K, E]
  Tensor gradients;  ///< [K, E, P]
};

/// What the numbers of a parameter block are.
enum class BlockRole {
  weights,        ///< trained: weights and biases of a layer
  normalisation,  ///< trained: scale or shift of a normalisation layer
  /// Running mean or variance of batch normalisation. No optimiser changes it: each training pass
  /// moves it by a tenth of the way to the statistics of the rows (Ioffe & Szegedy 2015).
  statistic
};

/// Which dimensions of a parameter block grow with the width of its model. Only a model with the
/// maximal-update parametrisation says so: the rules of optimizer.hpp follow it.
enum class WidthRole {
  fixed,   ///< none, such as the bias of the outputs; or the parametrisation is standard
  input,   ///< what it gives grows, what it reads does not: first layer, embedding, bias, gain
  hidden,  ///< both grow
  output   ///< what it reads grows, what it gives does not: the last layer
};

/// How a parameter block grows with the width of its model.
struct WidthScale {
  WidthRole role = WidthRole::fixed;  ///< default: fixed
  double multiplier = 1.0;            ///< m = width / base width; of `fixed` without meaning
};

/// One tensor inside the flat parameter vector of a replica.
struct ParameterBlock {
  std::string name;                     ///< "layer0.weight"
  Shape shape;                          ///< of one replica
  std::int64_t offset = 0;              ///< of its first number in a replica's parameters
  BlockRole role = BlockRole::weights;  ///< default: weights
  WidthScale width = {};                ///< default: it does not grow
};

/// What one layer of a model gives for rows.
struct LayerActivation {
  std::string layer;  ///< "layer0"
  Tensor values;      ///< [K, ...]
};

/// Is shown the values [K, B, ...] that a hidden layer gives for rows, after normalisation and
/// activation function, and returns what the model goes on with: the same shape.
using LayerVisit = std::function<Tensor(const std::string& layer, const Tensor& values)>;

/// One architecture for K replicas. It is immutable. The parameters are one tensor [K, P] outside
/// of it, so optimisers, checkpoints and methods need not know the layers.
class SPURION_API Model {
 public:
  virtual ~Model() = default;

  /// What the parameters are, block by block.
  [[nodiscard]] virtual const std::vector<ParameterBlock>& layout() const = 0;
  /// P
  [[nodiscard]] std::int64_t parameter_count() const;
  /// float32 [K, P] in host memory, all finite; row k depends on keys[k] only.
  [[nodiscard]] virtual Tensor initialise(const std::vector<RandomKey>& keys) const = 0;
  /// `parameters` [K, P]; `x` [K, B, ...input_shape], or [1, B, ...] shared by all replicas.
  /// Differentiable in `parameters` once. For tensors in host memory.
  [[nodiscard]] virtual Output forward(const Tensor& parameters, const Tensor& x) const = 0;
  /// As `forward`, with operations that can be differentiated any number of times, also in float64
  /// and on any device. For methods whose loss contains gradients, and as the reference in tests.
  [[nodiscard]] virtual Output forward_differentiable(const Tensor& parameters,
                                                      const Tensor& x) const {
    return forward(parameters, x);
  }
  /// False if gradients through `forward_differentiable` cannot be differentiated again. A run
  /// refuses trials whose method needs it.
  [[nodiscard]] virtual bool twice_differentiable() const { return true; }
  /// `forward` on the CPU, else `forward_differentiable`. Methods call this.
  [[nodiscard]] Output forward_anywhere(const Tensor& parameters, const Tensor& x) const {
    return parameters.is_cpu() ? forward(parameters, x) : forward_differentiable(parameters, x);
  }
  /// A pass in which batch normalisation does not use the running statistics alone, but `share` in
  /// [0, 1] of the mean and variance of the rows of `x` and 1 - share of the running ones. 1: a
  /// training pass. `Output::statistics` has those of the rows. Differentiable any number of times,
  /// on any device. default, for models without parameters of the role `statistic`:
  /// `forward_anywhere`.
  [[nodiscard]] virtual Output forward_with_statistics(const Tensor& parameters, const Tensor& x,
                                                       double /*share*/) const {
    return forward_anywhere(parameters, x);
  }
  /// What the layers give for rows `x`, the first layer first and the logits last: what each affine
  /// map gives, before normalisation and activation function. Without a graph, for tensors in host
  /// memory. For checks of how activations change with the width; names and number of the layers
  /// do not depend on it. default: features and logits.
  [[nodiscard]] virtual std::vector<LayerActivation> layer_activations(const Tensor& parameters,
                                                                       const Tensor& x) const;
  /// Names of the hidden layers that `forward_visited` shows, the first layer first; what the last
  /// one gives is what the last layer is given. Empty: the model shows none, and probes that look
  /// at layers refuse it. default: empty.
  [[nodiscard]] virtual std::vector<std::string> hidden_layers() const { return {}; }
  /// An evaluation pass that shows each hidden layer to `visit` and goes on with what that returns.
  /// Differentiable as `forward_differentiable`; replicas do not influence each other. default:
  /// throws `UsageError`, since the model shows no layers.
  [[nodiscard]] virtual Output forward_visited(const Tensor& parameters, const Tensor& x,
                                               const LayerVisit& visit) const;
  /// What the last layer reads out of what the model holds at S stages before its end, [K, S, B,
  /// C]: after each block of a transformer but the last, after each token but the last of a
  /// recurrent network (the logit lens). Undefined: it has no such stages. default: undefined.
  [[nodiscard]] virtual Tensor stage_logits(const Tensor& parameters, const Tensor& x) const;
  /// Whether `stage_logits` gives any. default: false.
  [[nodiscard]] virtual bool has_stages() const { return false; }
  /// Floating-point operations of one forward pass for one row (multiply and add count as two).
  [[nodiscard]] virtual double forward_flops() const = 0;
  /// Floating-point operations of forward and backward for one row.
  [[nodiscard]] virtual double step_flops() const { return 3.0 * forward_flops(); }
  /// Reports operations (of all replicas together) that a method spends outside of `forward`. They
  /// count towards the cost of the trial.
  virtual void count_flops(double /*flops*/) const {}
  /// Bytes of activations one row of one replica needs in a training step.
  [[nodiscard]] virtual double activation_bytes() const = 0;
  /// Bytes that the model keeps besides parameters, whatever the number of replicas.
  [[nodiscard]] virtual double fixed_bytes() const { return 0.0; }
  /// Most replicas that may train together (1: one at a time).
  [[nodiscard]] virtual std::int64_t max_replicas() const { return 1 << 20; }
  /// Offset of the last layer in the parameter vector. The last layer reaches to the end.
  [[nodiscard]] virtual std::int64_t last_layer_offset() const;
  /// For a model that is linear in its inputs: the block [offset, offset + D) of its weights; else
  /// null.
  [[nodiscard]] virtual const ParameterBlock* linear_weights() const { return nullptr; }
  /// For a model that is linear in its inputs: the slopes [K, D] of the first logit; else
  /// undefined. default: the block of `linear_weights`. A model with slopes but without
  /// `linear_weights` returns as features the terms whose sum is its output.
  [[nodiscard]] virtual Tensor linear_coefficients(const Tensor& parameters) const;
  /// True for a model that is exactly one affine map of the flattened inputs with the parameters
  /// [D weights, bias] for each logit. Full-batch steps then need no pass over the rows. default:
  /// false. A model with `linear_weights` alone may do more with them.
  [[nodiscard]] virtual bool is_affine() const { return false; }
  /// For a linear last layer without bias, whose weights are all parameters, on fixed features
  /// max(x' W, 0) of the flattened inputs: W, float32 [D, N], in host memory; else undefined.
  [[nodiscard]] virtual Tensor fixed_directions() const { return {}; }
  /// True if `risks` works for so many domains, and is faster than a pass through the logits.
  /// default: false.
  [[nodiscard]] virtual bool knows_risks(Task /*task*/, std::int64_t /*domains*/) const {
    return false;
  }
  /// The risks of a minibatch and their gradients in one pass, for methods that use the risks
  /// alone. Called only where `knows_risks` is true. `parameters` [K, P]; `x` [K or 1, E * B,
  /// ...input_shape]; `y` [K or 1, E, B].
  [[nodiscard]] virtual DomainRisks risks(const Tensor& parameters, const Tensor& x,
                                          const Tensor& y, Task task) const;
};

/// int64 [n], in host memory, ascending: which parameters of a model have this role.
SPURION_API Tensor columns_with(const Model& model, BlockRole role);

}  // namespace spurion
