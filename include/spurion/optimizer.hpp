#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "spurion/archive.hpp"
#include "spurion/model.hpp"
#include "spurion/schema.hpp"
#include "spurion/tensor.hpp"

namespace spurion {

/// Factors of the learning rate by parameter block. A key is
///  - `last_layer`: the blocks from `Model::last_layer_offset` on,
///  - `features`: all other blocks,
///  - the name of a block ("layer0.weight"), or of a layer ("layer0": its weight and its bias),
///  - a pattern, where `*` stands for any text ("*.bias").
///
/// The factor of a block is the product of all entries that name it, so the order does not matter.
/// 0 keeps a block as it was initialised; {features: 0} trains the last layer alone.
using LrMultipliers = std::map<std::string, double>;

/// Options of the per-replica optimisers. All but the update rule may differ between replicas.
///
/// The learning rate of update t = 0, 1, ... of a schedule of n updates is learning_rate * m(t).
/// With W = round(warmup_fraction * n), C = min(round(cooldown_fraction * n), n - W) and
/// f = final_lr_multiplier:
///  - m(t) = (t + 1) / W where t < W (warm-up);
///  - constant: 1 afterwards;
///  - linear: f + (1 - f) * (1 - u), with u = (t - W) / (n - W);
///  - cosine: f + (1 - f) * (1 + cos(pi * u)) / 2 (Loshchilov & Hutter 2017, without restarts);
///  - cooldown: 1, and f + (1 - f) * (n - t) / C in the last C updates (Zhai et al. 2022; Haegele
///  et
///    al. 2024).
///
/// From t = n on it is f (constant: 1).
struct OptimizerOptions {
  std::string name = "adam";                ///< "sgd", "sgdw", "adam" or "adamw"; default: adam
  PerReplica<double> learning_rate = 1e-3;  ///< default: 1e-3
  PerReplica<double> weight_decay = 0.0;    ///< default: 0
  PerReplica<double> momentum = 0.0;        ///< of sgd and sgdw; default: 0
  PerReplica<double> beta1 = 0.9;           ///< of adam and adamw; default: 0.9
  PerReplica<double> beta2 = 0.999;         ///< of adam and adamw; default: 0.999
  PerReplica<double> epsilon = 1e-8;        ///< of adam and adamw; default: 1e-8
  PerReplica<double> clip_norm = 0.0;  ///< largest norm of a replica's gradient; 0: not clipped
  /// "constant", "linear", "cosine" or "cooldown"; default: constant
  PerReplica<std::string> schedule = std::string("constant");
  PerReplica<double> warmup_fraction = 0.0;      ///< share of the updates; default: 0
  PerReplica<double> cooldown_fraction = 0.2;    ///< share of the updates; default: 0.2
  PerReplica<double> final_lr_multiplier = 0.0;  ///< f; not of constant; default: 0
  PerReplica<LrMultipliers> lr_multipliers = LrMultipliers();  ///< default: none, 1 for all blocks

  /// The options with their bounds and search ranges.
  SPURION_API static const Schema<OptimizerOptions>& schema();
};

/// A model's parameters as an optimiser sees them.
struct ParameterLayout {
  std::int64_t count = 0;              ///< P
  std::vector<ParameterBlock> blocks;  ///< one after the other; empty: one block without a name
  std::int64_t last_layer_offset = 0;  ///< where the last layer begins

  /// That of a model.
  SPURION_API static ParameterLayout of(const Model& model);
};

/// First-order optimisers over flat parameters [K, P]; every hyper-parameter and the step count may
/// differ between replicas.
///
/// sgd: Robbins-Monro with heavy-ball momentum; adam: Kingma & Ba 2015. Both add the L2 term
/// weight_decay * w to the gradient (as torch::optim::SGD and Adam). sgdw and adamw decay the
/// weights apart from the gradient (Loshchilov & Hutter 2019): before the update each parameter is
/// multiplied by 1 - rate * weight_decay (as torch::optim::AdamW). `rate` is the learning rate of
/// this update and block, so the schedule and the multipliers apply to the decay too.
///
/// Blocks of a model with the maximal-update parametrisation (`ParameterBlock::width`, of which m
/// is the multiplier) have factors of the learning rate and of epsilon (Yang et al. 2022,
/// arXiv:2203.03466, tables 3 and 8 and appendix B.3):
///
///     role             input   hidden   output   fixed
///     rate, sgd, sgdw  m       1        1 / m    1
///     rate, adam(w)    1       1 / m    1 / m    1
///     epsilon, adam(w) 1 / m   1 / m    1        1
///
/// They multiply with `lr_multipliers`. The factor of epsilon is how the gradients of the block
/// change with the width. Weight decay shrinks all blocks at the same rate, whatever the width: the
/// decoupled decay of sgdw and adamw is without the factor, and the L2 term of sgd is divided by
/// it. adam divides the L2 term by the size of the gradient, so no factor makes it independent of
/// the width: it is left as it is. `clip_norm` looks at the gradient as it is; the gradient of the
/// last layer grows with the square root of the width.
class SPURION_API Optimizer {
 public:
  /// For parameters on `device`, where its moments are too. Throws `UsageError` where
  /// `lr_multipliers` names blocks that the layout does not have.
  Optimizer(const OptimizerOptions& options, std::int64_t replicas, const ParameterLayout& layout,
            Device device = c10::kCPU);
  /// For parameters whose blocks have no names.
  Optimizer(const OptimizerOptions& options, std::int64_t replicas, std::int64_t parameters,
            Device device = c10::kCPU);
  ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update in place. `parameters` and `gradient` are contiguous float32 [K, P]; replica k is
  /// left untouched, bit for bit, when `active[k]` is false (bool [K], in host memory).
  /// Throws `UsageError` for a schedule or a warm-up that `begin_schedule` did not begin.
  void step(Tensor& parameters, const Tensor& gradient, const Tensor& active);
  /// Begins the schedules of the replicas where `mask` (bool [K], in host memory; undefined: all)
  /// is true: the next update is their first of `updates`. A run does so for all updates of a
  /// trial; the regimes of a stream do it again for each phase (online: for phase 0 and for the
  /// stream).
  void begin_schedule(std::int64_t updates, const Tensor& mask = {});
  /// Sets the places in the schedules to those of another optimiser of the same replicas. The own
  /// blocks of a method follow the model so, however often they are updated.
  void follow_schedule(const Optimizer& other);
  /// The factor of a replica's learning rate in the next update, without `lr_multipliers`.
  [[nodiscard]] double schedule_multiplier(std::int64_t replica) const;
  /// Forgets moments and step counts of the replicas where `mask` (bool [K], in host memory) is
  /// true. Schedules go on.
  void reset(const Tensor& mask);
  /// What it was made with.
  [[nodiscard]] const OptimizerOptions& options() const;
  /// Moments, step counts and the places in the schedules.
  void visit_state(StateVisitor& visit);

 private:
  /// `step` in operations of LibTorch, for any device.
  void step_in_operations(Tensor& parameters, const Tensor& gradient, const Tensor& active);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace spurion
