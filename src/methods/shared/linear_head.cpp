#include "methods/shared/linear_head.hpp"

#include <ATen/ATen.h>

#include "engine/matrix/matmul.hpp"

namespace spurion::methods {

void LinearHead::fit(const Tensor& weights, const Tensor& bias, Device device) {
  weights_ = weights.to(at::kFloat).to(device).contiguous();
  bias_ = bias.to(at::kFloat).to(device).unsqueeze(1).contiguous();
}

Evaluated LinearHead::evaluated() const {
  Evaluated out;
  if (!weights_.defined()) return out;
  out.head = [weights = weights_, bias = bias_, gives = gives_](const Output& output,
                                                                ReplicaRange replicas) {
    const Tensor own = weights.narrow(0, replicas.first, replicas.count).contiguous();
    const Tensor values =
        engine::batched_matmul(output.features.contiguous(), engine::Transpose::no, own,
                               engine::Transpose::no) +
        bias.narrow(0, replicas.first, replicas.count);
    return gives == Gives::logits ? values : output.logits + values;
  };
  return out;
}

void LinearHead::visit_state(StateVisitor& visit) {
  visit("weights", weights_);
  visit("bias", bias_);
}

}  // namespace spurion::methods
