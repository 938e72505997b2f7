#include "spurion/method.hpp"

namespace spurion {

void Method::begin_phase(Trainee& /*trainee*/, std::int64_t /*phase*/) {}

void ObjectiveMethod::step(Trainee& trainee, const Batch& batch) {
  trainee.set_full_batch_use(full_batch_use());
  const Output output = trainee.forward(batch);
  trainee.descend(objective(output, batch, trainee));
}

}  // namespace spurion
