#pragma once

#include "spurion/evaluated.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {

/// A last layer of a method's own on the features of the model, which is evaluated instead of the
/// model's once it was fitted.
class LinearHead {
 public:
  /// From the features to the logits; or to what is added to the model's logits.
  enum class Gives { logits, addends };
  explicit LinearHead(Gives gives) : gives_(gives) {}

  /// `weights` [K, F, C], `bias` [K, C]; kept as float32 on `device`.
  void fit(const Tensor& weights, const Tensor& bias, Device device);
  /// What is evaluated: the trained model before `fit`.
  [[nodiscard]] Evaluated evaluated() const;
  void visit_state(StateVisitor& visit);

 private:
  Gives gives_;
  Tensor weights_;  // [K, F, C]
  Tensor bias_;     // [K, 1, C]
};

}  // namespace spurion::methods
