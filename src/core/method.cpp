#include "spurion/method.hpp"

namespace spurion {

StreamKey MethodContext::key(std::int64_t replica) const {
  return keys.empty() ? StreamKey(0).child(static_cast<std::uint64_t>(replica))
                      : keys.at(static_cast<std::size_t>(replica));
}

void Method::begin_phase(Trainee& /*trainee*/, std::int64_t /*phase*/) {}

void Method::visit_state(StateVisitor& /*visit*/) {}

void ObjectiveMethod::step(Trainee& trainee, const Batch& batch) {
  trainee.set_full_batch_use(full_batch_use());
  const Output output = trainee.forward(batch);
  trainee.descend(objective(output, batch, trainee));
}

}  // namespace spurion
