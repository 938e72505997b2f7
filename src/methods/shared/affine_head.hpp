#pragma once

#include "spurion/method.hpp"

namespace spurion::methods {

/// The last layer of a model as an affine map of its features: logits = features W + b.
struct AffineHead {
  Tensor weights;  ///< W [K, F, C]; differentiable in the parameters
  Tensor biases;   ///< b [K, C]; undefined: none
};

/// That of a model with these parameters; `output` is what it made of some rows. Throws
/// `UsageError` naming `method` where its last layer has other parameters than W and b.
[[nodiscard]] AffineHead affine_head(const char* method, const Model& model,
                                     const Tensor& parameters, const Output& output);
/// features W + b, [K, B, C], for features [K, B, F].
[[nodiscard]] Tensor head_logits(const AffineHead& head, const Tensor& features);
/// Throws `UsageError` naming `method` unless the logits of a model are those of its affine head.
void require_affine_head(const char* method, const Model& model, const MethodContext& context);

}  // namespace spurion::methods
