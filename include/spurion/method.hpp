#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "spurion/access.hpp"
#include "spurion/adaptation.hpp"
#include "spurion/archive.hpp"
#include "spurion/cue_inputs.hpp"
#include "spurion/environment.hpp"
#include "spurion/evaluated.hpp"
#include "spurion/losses.hpp"
#include "spurion/model.hpp"
#include "spurion/optimizer.hpp"
#include "spurion/own_block.hpp"
#include "spurion/reference_model.hpp"
#include "spurion/schema.hpp"
#include "spurion/stages.hpp"
#include "spurion/theory.hpp"
#include "spurion/training_set.hpp"

namespace spurion {

namespace engine {
class LinearRisks;
}

class Probe;

/// A minibatch: the same number of rows from each of E domains, domain by domain.
struct Batch {
  Tensor x;  ///< [K, E * B, ...input_shape], or [1, E * B, ...] if all replicas see the same rows
  Tensor y;  ///< [K, E, B] or [1, E, B]
  Tensor group;  ///< [K, E, B] or [1, E, B]; undefined unless granted
  /// [K, E, B]: weight of the loss of each row in the mean over B rows; undefined: 1. Regimes that
  /// reveal labels with a known probability use its inverse.
  Tensor weight = {};
  std::int64_t domains = 1;          ///< E
  std::int64_t rows_per_domain = 0;  ///< B
  Task task = Task::binary;          ///< what the label is
  /// Full-batch step of a linear model: precomputed sums over all rows, from which its risks follow
  /// exactly. Set instead of `x` and `y`, for methods that allow it (`Method::risk_input`).
  std::shared_ptr<const engine::LinearRisks> linear;
  /// int64 [K, E, B] or [1, E, B]: the number of each row in the training set, 0 .. N - 1, the same
  /// in every epoch. Undefined unless the method asks for the training set
  /// (`Method::row_request`).
  Tensor number = {};
  /// What regimes add whose learner acts for rewards (`Access::rewards`); else undefined. `y` is
  /// then the action taken, and each of these is float32 [K, E, B].
  Tensor advantage = {};        ///< estimated advantage of the action
  Tensor returns = {};          ///< target of the value of the state: the return from there
  Tensor log_probability = {};  ///< of the action, by the policy that took it

  /// The same rows on a device; copies only what is elsewhere.
  [[nodiscard]] SPURION_API Batch to(Device device) const;
};

/// What a method uses of a minibatch. It decides which shortcut is possible: full-batch linear
/// models know the risks of the domains and their derivatives without logits; small MLPs compute
/// risks and their gradients in one pass.
enum class RiskInput {
  logits,    ///< logits or features of rows; no shortcut
  risks,     ///< `domain_risks`, `domain_quantities` that are losses, values of `domain_gradients`
  curvature  ///< also differentiates scale or shift gradients, or `domain_gradients`
};

/// What a method is constructed with.
struct MethodContext {
  Task task = Task::binary;   ///< what the label is
  std::int64_t replicas = 1;  ///< K
  std::int64_t domains = 1;   ///< E of the minibatches; 1 if the regime grants no domain labels
  std::int64_t groups = 0;    ///< 0: no groups
  /// [K]: keys of the random choices of the method, one for each replica, so that replicas do not
  /// influence each other. May be empty if nothing is trained; `key` then returns fixed keys.
  std::vector<RandomKey> keys = {};
  /// Device of minibatches and parameters. A method keeps its own tensors there.
  Device device = c10::kCPU;
  /// Updates of the trial; 0 if nothing is trained. A method with stages shares them out.
  std::int64_t steps = 0;
  Shape input_shape = {};    ///< of one row
  std::int64_t outputs = 1;  ///< C of the model
  /// [K][E]: the ceilings of the train domains. Empty unless the method needs
  /// `Access::exact_ceilings`.
  std::vector<std::vector<Ceilings>> ceilings = {};
  /// bool [K, ...input_shape], in host memory: the inputs that differ between some training rows
  /// and their twins with another cue. Undefined unless the method needs `Access::cue_inputs`.
  Tensor cue_inputs = {};
  /// [Q]: the inputs of each cue, in the order of the cues. Empty unless the method needs
  /// `Access::cue_inputs`.
  std::vector<CueInputs> cue_carriers = {};
  /// Makes a probe as a suite writes it: `{ name = "input_gradient", ... }`. Throws `UsageError`
  /// for an unknown name or wrong options. Empty where nothing is trained.
  std::function<std::unique_ptr<Probe>(const Value& written)> make_probe = nullptr;

  /// The key of a replica's random numbers.
  [[nodiscard]] SPURION_API RandomKey key(std::int64_t replica) const;
  /// [K]: the child `name` of the key of each replica. Choices of other names are independent.
  [[nodiscard]] SPURION_API std::vector<RandomKey> child_keys(const std::string& name) const;
};

/// The values of `parameter` as a float32 tensor [K] on the device of the method.
SPURION_API Tensor per_replica_tensor(const PerReplica<double>& parameter,
                                      const MethodContext& context);
SPURION_API Tensor per_replica_tensor(const PerReplica<std::int64_t>& parameter,
                                      const MethodContext& context);

/// Limits of the updates.
struct UpdateLimits {
  double lr_multiplier = 1.0;  ///< factor of the learning rate
  Tensor trainable = {};  ///< bool [P]: false keeps the parameter fixed; undefined: all are trained
};

/// Sizes in bytes, from which methods and regimes compute the memory they need.
struct MemorySizes {
  double row = 0.0;            ///< inputs, label and weight of one row
  double logits = 0.0;         ///< outputs of the model for one row
  double activations = 0.0;    ///< activations of one row
  double parameters = 0.0;     ///< of one replica
  double batch_rows = 0.0;     ///< rows of one minibatch of one replica
  double training_rows = 0.0;  ///< N: rows of the training set, all domains together
};

/// The training state of K replicas: parameters, optimiser and counters. Methods train through it.
/// It lives on the device of its parameters.
///
/// On the CPU it uses the kernels of the engine; on another device it uses
/// `Model::forward_differentiable` and LibTorch operations. The order of the arithmetic differs, so
/// results agree up to rounding.
class SPURION_API ReplicaTrainer {
 public:
  /// Of a model with parameters [K, P].
  ReplicaTrainer(const Model& model, Tensor parameters, const OptimizerOptions& optimizer);

  /// The model that is trained.
  [[nodiscard]] const Model& model() const { return *model_; }
  /// K.
  [[nodiscard]] std::int64_t replicas() const { return parameters_.size(0); }
  /// Where the parameters are.
  [[nodiscard]] Device device() const { return parameters_.device(); }
  /// Number of updates so far.
  [[nodiscard]] std::int64_t step() const { return step_; }
  /// Leaf tensor [K, P] with requires_grad.
  [[nodiscard]] const Tensor& parameters() const { return parameters_; }
  /// Copies them, from any device. Throws `PluginError` unless they are float32 [K, P].
  void set_parameters(const Tensor& parameters);
  /// As `set_parameters`, but parameters that are not trainable keep their values.
  void set_trainable(const Tensor& parameters);
  /// Freshly initialised parameters [K, P] on this device.
  [[nodiscard]] Tensor fresh_parameters(const std::vector<RandomKey>& keys) const;
  /// What updates the parameters.
  Optimizer& optimizer() { return optimizer_; }
  /// Sets the limits of all later updates.
  void limit_updates(UpdateLimits limits);
  /// What an update may change.
  [[nodiscard]] const UpdateLimits& limits() const { return limits_; }

  /// Forward pass with the current parameters; rows may be on any device.
  ///
  /// A model with batch normalisation normalises by the statistics of all rows of `x` where
  /// gradients are recorded: it is a training pass, and the next update moves the running
  /// statistics. Under `NoGradGuard` it normalises by the running statistics, as in an evaluation.
  Output forward(const Tensor& x);
  /// As `forward(batch.x)`. If `linear` is set, it returns risks and their gradients instead of
  /// logits.
  Output forward(const Batch& batch);
  /// Declares what the method uses of the output of `forward`.
  void set_risk_input(RiskInput use) { risk_input_ = use; }
  /// Makes `forward` use operations that can be differentiated twice.
  void use_second_order() { second_order_ = true; }
  /// Backward pass from the sum of the losses [K], then one optimiser update. A replica is frozen
  /// if its loss or gradient is not finite: its parameters stay, and `active()` reports it. Throws
  /// `PluginError` unless the losses are float32 [K] on this device.
  void step_from_losses(const Tensor& losses);
  /// One optimiser update with a gradient, float32 [K, P], that the method computed.
  void step_from_gradients(const Tensor& losses, const Tensor& gradient);
  /// The risk of each domain [K, E] and its gradient [K, E, P], at the cost of one forward and
  /// backward pass. With `create_graph` both can be differentiated.
  struct DomainGradients {
    Tensor risks;      ///< [K, E]: risk of each domain
    Tensor gradients;  ///< [K, E, P]: gradient of each risk
  };
  /// Risks and their gradients for each domain of a minibatch.
  DomainGradients domain_gradients(const Batch& batch, bool create_graph);
  /// A forward pass with other parameters [K, P], for example perturbed ones; rows may be on any
  /// device. Batch normalisation as in `forward`, but the running statistics do not move.
  [[nodiscard]] Output forward_at(const Tensor& parameters, const Tensor& x) const;
  /// The gradient [K, P] of the sum of the losses [K] by the current parameters, without an update.
  [[nodiscard]] Tensor gradient(const Tensor& losses) const;
  /// Restricts all later updates of the model to these parameters, within the limits: bool [P] or
  /// [K, P]; undefined: all. Weight decay and moments do not move the others either.
  void train_only(const Tensor& mask);
  /// Parameters of the replicas where `mask` (bool [K], in host memory) is true become those of
  /// `parameters` [K, P], and their optimiser forgets: the start of a new stage.
  void restart(const Tensor& mask, const Tensor& parameters);
  /// Makes the next update move the running statistics towards these, [K, S] as
  /// `Output::statistics`. `forward` calls it; a method does that passes rows to the model itself.
  void add_statistics(const Tensor& statistics);
  /// Counts operations of all replicas together, beside passes of the model, towards the cost.
  void count_flops(double flops) const { model_->count_flops(flops); }

  /// Adds the own blocks of a method. The harness calls it before the training begins.
  void add_blocks(const std::vector<OwnBlock>& blocks);
  /// The parameters of an own block: a leaf [K, Q] with requires_grad. Throws `PluginError` if the
  /// method did not declare it.
  [[nodiscard]] const Tensor& own(const std::string& block) const;
  /// The optimiser of an own block.
  Optimizer& own_optimizer(const std::string& block);
  /// Copies them, from any device: float32 [K, Q].
  void set_own(const std::string& block, const Tensor& parameters);
  /// Backward pass from the sum of the losses [K] to one own block, then one update of it. The
  /// graph stays, so the same output can serve the model afterwards; update own blocks before the
  /// model. A replica is frozen if its loss or gradient is not finite. It is no step of the trial.
  void step_own(const std::string& block, const Tensor& losses);
  /// Backward pass from the sum of the losses [K] to the model and to every own block that they
  /// depend on, then one update of all of them.
  void step_with_own(const Tensor& losses);

  /// Number N of training rows, for methods that ask for the training set.
  [[nodiscard]] std::int64_t training_rows() const;
  /// Calls `visit` with all training rows, part after part, with `Batch::number`, on this device.
  /// The labels count as revealed. No gradients are recorded unless `visit` enables them.
  void over_training_rows(const std::function<void(const Batch&)>& visit);
  /// Draws the rows of later minibatches by weights [K or 1, N] (`TrainingSet::sample`).
  void sample_rows(const Tensor& weights);
  /// At most `rows` labelled held-out rows of each train domain (`Access::validation_rows`), always
  /// the same, on this device.
  [[nodiscard]] Batch validation_rows(std::int64_t rows) const;
  /// The inputs [K or 1, R, ...input_shape] of at most `rows` unlabelled rows of the test domain
  /// (`Access::unlabelled_target`), drawn anew for each step, on this device. What is trained with
  /// them is transductive (`TrainingSet::unlabelled_target`).
  [[nodiscard]] Tensor unlabelled_target(std::int64_t rows) const;
  /// What the regime calls before the first step; null when the training set is gone.
  void set_training_set(TrainingSet* rows) { training_set_ = rows; }

  /// bool [K], in host memory: false after a replica has diverged.
  [[nodiscard]] const Tensor& active() const { return active_; }
  /// Step at which each replica diverged, -1 if it has not.
  [[nodiscard]] const std::vector<std::int64_t>& diverged_at() const { return diverged_at_; }
  /// Ends the training of a replica, as if its loss were not finite.
  void freeze(std::int64_t replica);
  /// Losses [K] of the last update.
  [[nodiscard]] const Tensor& last_losses() const { return last_losses_; }
  /// Visits parameters, optimiser and counters, but neither limits nor the risk input.
  void visit_state(StateVisitor& visit);

 private:
  /// An own block and what updates it.
  struct Own {
    std::string name;
    Tensor parameters;
    std::unique_ptr<Optimizer> optimizer;
  };

  /// Freezes replicas whose loss or gradient is not finite.
  void freeze_diverged(const Tensor& losses, const Tensor& gradient);
  [[nodiscard]] std::size_t own_index(const std::string& name) const;
  /// One update of an own block with a gradient [K, Q].
  void update_own(Own& block, const Tensor& losses, const Tensor& gradient);
  [[nodiscard]] TrainingSet& training_set() const;
  /// A pass with these parameters, as training or evaluation asks for.
  [[nodiscard]] Output pass(const Tensor& parameters, const Tensor& x) const;
  /// `domain_gradients` in one pass over all rows, for models whose rows depend on each other.
  DomainGradients joint_domain_gradients(const Batch& batch, bool create_graph);
  /// Puts the running statistics of active replicas where the passes since the last update move
  /// those of `before`.
  void move_statistics(Tensor& values, const Tensor& before);

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
  Tensor train_only_;  // bool [K or 1, P]; undefined: all
  std::vector<Own> own_;
  TrainingSet* training_set_ = nullptr;
  Tensor statistic_columns_;        // int64 [S]; undefined: no batch normalisation
  std::vector<Tensor> statistics_;  // [K, S] each: of training passes since the last update
};

/// How a minibatch from several domains becomes an update.
class SPURION_API Method {
 public:
  virtual ~Method() = default;
  /// What the method needs to see.
  [[nodiscard]] virtual Access needs() const { return {}; }
  /// True if the loss contains gradients, so that the model is differentiated twice.
  [[nodiscard]] virtual bool needs_second_order() const { return false; }
  /// What the method uses of a minibatch; decides which shortcuts are possible.
  [[nodiscard]] virtual RiskInput risk_input() const { return RiskInput::logits; }
  /// What it asks of the training set. default: nothing.
  [[nodiscard]] virtual RowRequest row_request() const { return {}; }
  /// The parameters that it trains beside those of the model. The harness makes them before the
  /// training and keeps their state; memory and device are planned for. default: none.
  [[nodiscard]] virtual std::vector<OwnBlock> own_blocks(const Model& /*model*/) const {
    return {};
  }
  /// What is evaluated now. Called before each evaluation; not during a step. default: the trained
  /// model.
  [[nodiscard]] virtual Evaluated evaluated(const ReplicaTrainer& /*trainer*/) const { return {}; }
  /// From what evaluations tell how far the training has gone. Called as `evaluated`. default: from
  /// nothing.
  [[nodiscard]] virtual std::optional<ReferenceModel> reference(
      const ReplicaTrainer& /*trainer*/) const {
    return {};
  }
  /// How it adapts the trained model to unlabelled rows, from where the training is now; null: it
  /// does not. Asked for where the regime gives such rows (`Regime::adaptation`). default: null.
  [[nodiscard]] virtual std::unique_ptr<Adapter> adapter(const ReplicaTrainer& trainer) const;
  /// Throws `UsageError` if it cannot train this model. Called for every configuration before a
  /// run.
  virtual void check(const Model& /*model*/) const {}
  /// One update of all replicas.
  virtual void step(ReplicaTrainer& trainer, const Batch& batch) = 0;
  /// Values [K, B] of states, float32, from the inputs that a policy sees there, without a graph;
  /// undefined if it estimates none. Regimes that reward actions ask for them. default: undefined.
  [[nodiscard]] virtual Tensor state_values(ReplicaTrainer& trainer, const Tensor& x) const;
  /// Called at the start of each phase of a stream.
  virtual void begin_phase(ReplicaTrainer& trainer, std::int64_t phase);
  /// Visits all state that the method keeps between steps, so that a resumed run gives the same
  /// bits. A method without state need not implement it. The conformance tests check it.
  virtual void visit_state(StateVisitor& visit);
  /// How it finds the parameters of a replica, where theory can follow it. default: it cannot.
  [[nodiscard]] virtual std::optional<KnownFit> known_fit(std::int64_t /*replica*/) const {
    return {};
  }
  /// Most replicas that may train together.
  [[nodiscard]] virtual std::int64_t max_replicas() const { return 1 << 20; }
  /// Floating-point operations of one update as a multiple of a plain forward and backward.
  [[nodiscard]] virtual double cost_factor() const { return 1.0; }
  /// Most bytes that it keeps for each replica between steps, besides parameters and optimiser:
  /// rows, importances, copies. The planner uses it.
  [[nodiscard]] virtual double memory_bytes(const MemorySizes& /*sizes*/) const { return 0.0; }
};

/// A method that is defined by its loss. Most methods are.
class SPURION_API ObjectiveMethod : public Method {
 public:
  /// The loss of each replica, [K]. The sum over K is differentiated, so replicas stay independent.
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
