#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "spurion/access.hpp"
#include "spurion/archive.hpp"
#include "spurion/environment.hpp"
#include "spurion/losses.hpp"
#include "spurion/model.hpp"
#include "spurion/optimizer.hpp"
#include "spurion/schema.hpp"

namespace spurion {

namespace engine {
class LinearRisks;
}

/// A minibatch: the same number of rows from each of E domains, domain by domain.
struct Batch {
  Tensor x;  ///< [K, E * B, ...input_shape], or [1, E * B, ...] when all replicas see the same rows
  Tensor y;  ///< [K, E, B] or [1, E, B]
  Tensor group;  ///< [K, E, B] or [1, E, B]; undefined unless granted
  /// [K, E, B] or undefined, which means 1: what each row's loss counts in a mean over B rows.
  /// Regimes that reveal labels with known probabilities weigh them by the inverse.
  Tensor weight = {};
  std::int64_t domains = 1;          ///< E
  std::int64_t rows_per_domain = 0;  ///< B
  Task task = Task::binary;
  /// All rows of a full-batch step of a linear model, in a form in which its risks are exact and
  /// cheap; set instead of `x` and `y`, for methods that allow it (`Method::risk_input`).
  std::shared_ptr<const engine::LinearRisks> linear;

  /// The same rows on a device; no copies of what is there already.
  [[nodiscard]] SPURION_API Batch to(Device device) const;
};

/// What a method uses of a batch. Of whole training sets of linear models the domains' risks and
/// their derivatives are known without the logits of the rows; small MLPs give the risks of any
/// batch and their gradients in one pass.
enum class RiskInput {
  logits,    ///< logits or features of rows: no shortcut
  risks,     ///< `domain_risks`, `domain_quantities` that are losses, values of `domain_gradients`
  curvature  ///< also differentiates scale or shift gradients, or `domain_gradients`
};

/// What a method is built for.
struct MethodContext {
  Task task = Task::binary;
  std::int64_t replicas = 1;  ///< K
  std::int64_t domains = 1;   ///< E of the batches it will see; 1 when the regime grants no labels
  std::int64_t groups = 0;
  /// [K]: where a method's own random choices come from, so that a replica's do not depend on those
  /// beside it. May be empty where nothing is trained; `key` then gives fixed ones.
  std::vector<RandomKey> keys = {};
  /// Where batches and parameters are, and so where a method keeps tensors of its own.
  Device device = c10::kCPU;

  [[nodiscard]] SPURION_API RandomKey key(std::int64_t replica) const;
};

/// The values of `parameter` as a float32 tensor [K] on the method's device.
SPURION_API Tensor per_replica_tensor(const PerReplica<double>& parameter,
                                      const MethodContext& context);
SPURION_API Tensor per_replica_tensor(const PerReplica<std::int64_t>& parameter,
                                      const MethodContext& context);

/// What an update may change.
struct UpdateLimits {
  double rate = 1.0;  ///< multiplies every change: a factor of the learning rate
  Tensor trainable =
      {};  ///< bool [P]; parameters where it is false stay. Undefined: all may change
};

/// Sizes from which methods and regimes say how much memory they need, in bytes.
struct MemorySizes {
  double row = 0.0;          ///< inputs, label and weight of one row
  double logits = 0.0;       ///< outputs of the model for one row
  double activations = 0.0;  ///< of a pass of one row
  double parameters = 0.0;   ///< of one replica
  double batch_rows = 0.0;   ///< rows of one minibatch of one replica
};

/// K models in training: parameters, optimiser, counters. Methods act through it. It lives on the
/// device of the parameters it is made from.
///
/// In host memory passes, risks and updates go through the engine's kernels; on another device all
/// goes through `Model::forward_differentiable` and operations of LibTorch. Both do the same
/// arithmetic in another order, so results agree up to rounding, not bit for bit.
class SPURION_API ReplicaTrainer {
 public:
  ReplicaTrainer(const Model& model, Tensor parameters, const OptimizerOptions& optimizer);

  [[nodiscard]] const Model& model() const { return *model_; }
  [[nodiscard]] std::int64_t replicas() const { return parameters_.size(0); }
  [[nodiscard]] Device device() const { return parameters_.device(); }
  /// Updates made so far.
  [[nodiscard]] std::int64_t step() const { return step_; }
  /// Leaf tensor [K, P] with requires_grad.
  [[nodiscard]] const Tensor& parameters() const { return parameters_; }
  /// Copies them, from any device. Throws `PluginError` unless they are float32 [K, P].
  void set_parameters(const Tensor& parameters);
  /// As `set_parameters`, but those that updates may not change stay as they are, bit for bit.
  void set_trainable(const Tensor& parameters);
  /// Parameters [K, P] such as training starts from, on this device.
  [[nodiscard]] Tensor fresh_parameters(const std::vector<RandomKey>& keys) const;
  Optimizer& optimizer() { return optimizer_; }
  /// For all updates from now on.
  void limit_updates(UpdateLimits limits);
  [[nodiscard]] const UpdateLimits& limits() const { return limits_; }

  /// Forward pass at the current parameters, of rows on any device.
  Output forward(const Tensor& x);
  /// As `forward(batch.x)`; for a batch with `linear` set, risks and their gradients instead of
  /// logits.
  Output forward(const Batch& batch);
  /// Says what the method will do with the outputs of `forward`.
  void set_risk_input(RiskInput use) { risk_input_ = use; }
  /// Makes `forward` use operations that can be differentiated twice.
  void use_second_order() { second_order_ = true; }
  /// Backward from the summed losses [K], one optimiser update. A replica whose loss or gradient is
  /// not finite is frozen (its parameters stay as they were) and reported by `active()`. Throws
  /// `PluginError` unless the losses are float32 [K], one a replica, on this device.
  void step_from_losses(const Tensor& losses);
  /// As `step_from_losses`, with the gradient, float32 [K, P], given by the method.
  void step_from_gradients(const Tensor& losses, const Tensor& gradient);
  /// Each domain's risk [K, E] and its gradient [K, E, P], for the price of one forward and
  /// backward pass. With `create_graph` both can be differentiated; without, they are constants.
  struct DomainGradients {
    Tensor risks;
    Tensor gradients;
  };
  DomainGradients domain_gradients(const Batch& batch, bool create_graph);

  /// bool [K], in host memory: false once a replica has diverged.
  [[nodiscard]] const Tensor& active() const { return active_; }
  /// Step at which each replica diverged, -1 if it has not.
  [[nodiscard]] const std::vector<std::int64_t>& diverged_at() const { return diverged_at_; }
  /// Ends the training of a replica, as when its loss is not finite.
  void freeze(std::int64_t replica);
  /// Losses [K] of the last update.
  [[nodiscard]] const Tensor& last_losses() const { return last_losses_; }
  /// Parameters, optimiser and counters; limits and uses are the business of who sets them.
  void visit_state(StateVisitor& visit);

 private:
  /// Freezes replicas whose loss or gradient is not finite.
  void freeze_diverged(const Tensor& gradient);

  const Model* model_;
  Tensor parameters_;
  Tensor active_;
  Tensor last_losses_;
  Optimizer optimizer_;
  std::vector<std::int64_t> diverged_at_;
  std::int64_t step_ = 0;
  bool second_order_ = false;
  RiskInput risk_input_ = RiskInput::logits;
  UpdateLimits limits_;
};

/// How a minibatch from several domains becomes an update.
class SPURION_API Method {
 public:
  virtual ~Method() = default;
  /// What it must be allowed to see.
  [[nodiscard]] virtual Access needs() const { return {}; }
  /// True when the loss contains gradients, so that the model must be differentiated twice.
  [[nodiscard]] virtual bool needs_second_order() const { return false; }
  /// What it uses of a batch that is the whole training set.
  [[nodiscard]] virtual RiskInput risk_input() const { return RiskInput::logits; }
  /// Throws `UsageError` where it cannot train such a model. Asked of every setting before anything
  /// runs.
  virtual void check(const Model& /*model*/) const {}
  /// One update of all replicas.
  virtual void step(ReplicaTrainer& trainer, const Batch& batch) = 0;
  /// Called when a regime starts a new phase (a change of data distribution it knows about).
  virtual void begin_phase(ReplicaTrainer& trainer, std::int64_t phase);
  /// Everything it remembers from step to step, so that a stopped run goes on to the same bits. The
  /// conformance tests hold it to that; a method that remembers nothing need not implement it.
  virtual void visit_state(StateVisitor& visit);
  /// Most replicas a batch may hold.
  [[nodiscard]] virtual std::int64_t max_replicas() const { return 1 << 20; }
  /// Floating-point operations of one update as a multiple of a plain forward and backward.
  [[nodiscard]] virtual double cost_factor() const { return 1.0; }
  /// Bytes it keeps of each replica from step to step at most, beside parameters and optimiser:
  /// rows, importances, copies. The planner makes packs by it.
  [[nodiscard]] virtual double memory_bytes(const MemorySizes& /*sizes*/) const { return 0.0; }
};

/// A method that is a loss: most are.
class SPURION_API ObjectiveMethod : public Method {
 public:
  /// The loss of each replica, [K]; the sum over K is differentiated, so replicas never mix.
  virtual Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) = 0;
  void step(ReplicaTrainer& trainer, const Batch& batch) override;
};

/// Mean loss of each domain, [K, E].
SPURION_API Tensor domain_risks(const Output& output, const Batch& batch);
/// Mean over the rows of each domain of a row-wise quantity, [K, E]: the loss, or its derivative by
/// a common factor of the logits or a common addend.
SPURION_API Tensor domain_quantities(losses::RowQuantity quantity, const Output& output,
                                     const Batch& batch, const ReplicaTrainer& trainer);
/// coefficient * sum ||w||^2 over all parameters, [K]; costs nothing where all coefficients are 0.
SPURION_API Tensor l2_penalty(const Tensor& coefficient, const Tensor& parameters);

}  // namespace spurion
