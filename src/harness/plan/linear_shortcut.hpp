#pragma once

#include "engine/risks/linear_risks.hpp"
#include "spurion/method.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// Whether full-batch steps of these trials go through per-domain risks instead of logits: the
/// model is linear, every step sees all rows, and the method needs no logits. The trajectory is
/// that of full-batch gradient descent either way, up to rounding.
inline bool uses_linear_risks(const Model& model, const Method& method,
                              const EnvironmentInfo& environment, const TrainingOptions& training) {
  return model.is_affine() && method.risk_input() != RiskInput::logits &&
         !method.row_request().any() && (training.batch == 0 || training.batch >= training.rows) &&
         engine::linear_risks_apply(environment.task, element_count(environment.input_shape),
                                    environment.outputs);
}

}  // namespace spurion::harness
