#include "environments/mountain_car/car_dynamics.hpp"

#include "core/clones.hpp"
#include "environments/shared/control/trigonometry.hpp"

namespace spurion::environments {

SPURION_CLONES void step_cars(std::int64_t count, const double* pushes, const std::uint8_t* done,
                              double* positions, double* velocities) {
  for (std::int64_t i = 0; i < count; ++i) {
    const double before = positions[i];
    const double was = velocities[i];
    double velocity = was + (kCarPush * pushes[i] - kCarGravity * cosine(3.0 * before));
    velocity = velocity > kCarFastest ? kCarFastest : velocity;
    velocity = velocity < -kCarFastest ? -kCarFastest : velocity;
    double position = before + velocity;
    position = position > kCarRight ? kCarRight : position;
    position = position < kCarLeft ? kCarLeft : position;
    velocity = position == kCarLeft && velocity < 0.0 ? 0.0 : velocity;
    const bool over = done[i] != 0;
    positions[i] = over ? before : position;
    velocities[i] = over ? was : velocity;
  }
}

}  // namespace spurion::environments
