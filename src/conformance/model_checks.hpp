#pragma once

#include <string>
#include <vector>

#include "conformance/checker.hpp"
#include "spurion/model.hpp"

namespace spurion::conformance {

/// A model built for one kind of input.
struct ModelSubject {
  const Model* model;
  ModelContext context;

  /// Parameters of `replicas` replicas, [K, P].
  [[nodiscard]] Tensor parameters(std::int64_t replicas) const;
  /// Inputs [replicas, rows, ...input_shape].
  [[nodiscard]] Tensor inputs(std::int64_t replicas, std::int64_t rows) const;
  /// "inputs [2, 4, 4], 1 output": what messages call it.
  [[nodiscard]] std::string text() const;
};

/// The gradient [K, P] of the sum over rows and outputs of the logits, weighted by `weights`
/// [K, B, C].
Tensor gradient(const ModelSubject& subject, const Tensor& parameters, const Tensor& x,
                const Tensor& weights);

/// Gradients: against differences of the double-precision forward pass, and between replicas.
void check_gradients(const ModelSubject& subject);
void check_replicas_separate(const ModelSubject& subject);

}  // namespace spurion::conformance
