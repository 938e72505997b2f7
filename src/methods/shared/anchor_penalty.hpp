#pragma once

#include <string>

#include "methods/shared/base_risk.hpp"

namespace spurion::methods {

/// strength * sum_i importance_i (theta_i - anchor_i)^2: what the regularising methods for streams
/// differ in is how they come by the importances.
class AnchorPenalty {
 public:
  explicit AnchorPenalty(Tensor strength) : strength_(std::move(strength)) {}

  /// Nothing is held before the first anchor.
  [[nodiscard]] bool set() const { return importance_.defined(); }
  /// Holds parameters [K, P] by importances [K, P].
  void hold(const Tensor& parameters, const Tensor& importance) {
    anchor_ = parameters.detach().clone();
    importance_ = importance;
  }
  [[nodiscard]] const Tensor& importance() const { return importance_; }
  [[nodiscard]] const Tensor& anchor() const { return anchor_; }
  /// [K]
  [[nodiscard]] Tensor value(const Tensor& parameters) const;
  /// d value / d parameters, [K, P].
  [[nodiscard]] Tensor gradient(const Tensor& parameters) const;
  void visit_state(StateVisitor& visit) {
    visit("anchor", anchor_);
    visit("importance", importance_);
  }

 private:
  Tensor strength_;
  Tensor anchor_;
  Tensor importance_;
};

/// Gradient of a function of each row with respect to the parameters, its entries squared or their
/// magnitudes, averaged over rows, [K, P]. Rows go through the model as replicas of their own.
enum class EntryReduction { square, magnitude };
enum class RowFunction { loss, squared_output };
Tensor mean_row_gradient(ReplicaTrainer& trainer, const Batch& rows, RowFunction function,
                         EntryReduction reduction);
/// What that takes of each replica while it runs.
double row_gradient_bytes(const MemorySizes& sizes);

}  // namespace spurion::methods
