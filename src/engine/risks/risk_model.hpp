#pragma once

#include <cstdint>

#include "spurion/environment.hpp"
#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion::engine {

/// Mean loss of each domain's rows and its gradient, of K replicas.
struct DomainRisks {
  Tensor risks;      ///< [K, E]
  Tensor gradients;  ///< [K, E, P]
};

/// A model that gives the risks of a minibatch together with their gradients, in one pass over each
/// replica: for methods that use of a batch its risks alone. What is in between never leaves the
/// cache, and no graph is kept.
class SPURION_API RiskModel {
 public:
  virtual ~RiskModel() = default;
  /// Whether it does so for so many domains, and faster than through the logits.
  [[nodiscard]] virtual bool knows_risks(Task task, std::int64_t domains) const = 0;
  /// `parameters` [K, P]; `x` [K or 1, E * B, ...input_shape]; `y` [K or 1, E, B].
  [[nodiscard]] virtual DomainRisks risks(const Tensor& parameters, const Tensor& x,
                                          const Tensor& y, Task task) const = 0;
};

/// Sum over domains of `factors` [K, E] times `gradients` [K, E, P], in the order of the domains;
/// [K, P]. float32, not differentiable.
Tensor weighted_sum(const Tensor& factors, const Tensor& gradients);

/// The risks as a node of which `parameters` is the input; differentiable once.
Tensor with_gradients(const Tensor& parameters, const DomainRisks& known);

}  // namespace spurion::engine
