#include "spurion/method.hpp"

#include <ATen/ATen.h>

namespace spurion {

Batch Batch::to(Device device) const {
  Batch out = *this;
  for (Tensor Batch::*member : {&Batch::x, &Batch::y, &Batch::group, &Batch::weight, &Batch::number,
                                &Batch::advantage, &Batch::returns, &Batch::log_probability}) {
    if ((out.*member).defined()) out.*member = (out.*member).to(device);
  }
  return out;
}

namespace {

template <class T>
Tensor to_tensor(const PerReplica<T>& parameter, const MethodContext& context) {
  Tensor out = at::empty({context.replicas}, at::kFloat);
  for (std::int64_t k = 0; k < context.replicas; ++k) {
    out.data_ptr<float>()[k] = static_cast<float>(parameter.at(k));
  }
  return out.to(context.device);
}

}  // namespace

Tensor per_replica_tensor(const PerReplica<double>& parameter, const MethodContext& context) {
  return to_tensor(parameter, context);
}

Tensor per_replica_tensor(const PerReplica<std::int64_t>& parameter, const MethodContext& context) {
  return to_tensor(parameter, context);
}

RandomKey MethodContext::key(std::int64_t replica) const {
  return keys.empty() ? RandomKey(0).child(static_cast<std::uint64_t>(replica))
                      : keys.at(static_cast<std::size_t>(replica));
}

std::vector<RandomKey> MethodContext::child_keys(const std::string& name) const {
  std::vector<RandomKey> children;
  for (std::int64_t k = 0; k < replicas; ++k) children.push_back(key(k).child(name));
  return children;
}

Tensor Method::state_values(ReplicaTrainer& /*trainer*/, const Tensor& /*x*/) const { return {}; }

void Method::begin_phase(ReplicaTrainer& /*trainer*/, std::int64_t /*phase*/) {}

std::unique_ptr<Adapter> Method::adapter(const ReplicaTrainer& /*trainer*/) const {
  return nullptr;
}

void Method::visit_state(StateVisitor& /*visit*/) {}

void ObjectiveMethod::step(ReplicaTrainer& trainer, const Batch& batch) {
  trainer.set_risk_input(risk_input());
  const Output output = trainer.forward(batch);
  trainer.step_from_losses(objective(output, batch, trainer));
}

}  // namespace spurion
