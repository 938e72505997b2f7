#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "spurion/archive.hpp"
#include "spurion/schema.hpp"
#include "spurion/tensor.hpp"

namespace spurion {

/// Options of the per-replica optimisers.
struct OptimizerOptions {
  std::string name = "adam";                ///< "sgd", "adam" or "adamw"; default: adam
  PerReplica<double> learning_rate = 1e-3;  ///< default: 1e-3
  PerReplica<double> weight_decay = 0.0;    ///< default: 0
  PerReplica<double> momentum = 0.0;        ///< of sgd; default: 0
  PerReplica<double> beta1 = 0.9;           ///< of adam; default: 0.9
  PerReplica<double> beta2 = 0.999;         ///< of adam; default: 0.999
  PerReplica<double> epsilon = 1e-8;        ///< of adam; default: 1e-8
  PerReplica<double> clip_norm = 0.0;  ///< largest norm of a replica's gradient; 0: not clipped

  /// The options with their bounds and search ranges.
  SPURION_API static const Schema<OptimizerOptions>& schema();
};

/// First-order optimisers over flat parameters [K, P]; every hyper-parameter and the step count may
/// differ between replicas.
///
/// sgd: Robbins-Monro with heavy-ball momentum; adam: Kingma & Ba 2015 with L2 added to the
/// gradient (as torch::optim::Adam); adamw: decoupled weight decay (Loshchilov & Hutter 2019).
class SPURION_API Optimizer {
 public:
  /// For parameters on `device`, where its moments are too.
  Optimizer(const OptimizerOptions& options, std::int64_t replicas, std::int64_t parameters,
            Device device = c10::kCPU);
  ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update in place. `parameters` and `gradient` are contiguous float32 [K, P]; replica k is
  /// left untouched, bit for bit, when `active[k]` is false (bool [K], in host memory).
  void step(Tensor& parameters, const Tensor& gradient, const Tensor& active);
  /// Forgets moments and step counts of the replicas where `mask` (bool [K], in host memory) is
  /// true.
  void reset(const Tensor& mask);
  /// What it was made with.
  [[nodiscard]] const OptimizerOptions& options() const;
  /// Moments and step counts.
  void visit_state(StateVisitor& visit);

 private:
  /// `step` in operations of LibTorch, for any device.
  void step_in_operations(Tensor& parameters, const Tensor& gradient, const Tensor& active);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace spurion
