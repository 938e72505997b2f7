#include "environments/cart_pole/cart_dynamics.hpp"

#include "core/clones.hpp"
#include "environments/shared/control/trigonometry.hpp"

namespace spurion::environments {

SPURION_CLONES void step_carts(std::int64_t count, const double* pushes, const std::uint8_t* done,
                               const CartStates& states) {
  constexpr double kForce = 10.0;
  constexpr double kMass = 1.1;  // of cart and pole
  constexpr double kPoleMass = 0.1;
  constexpr double kHalf = 0.5;  // half the length of the pole
  constexpr double kPull = kPoleMass * kHalf;
  constexpr double kGravity = 9.8;
  constexpr double kTime = 0.02;
  double* __restrict position = states.position;
  double* __restrict velocity = states.velocity;
  double* __restrict angle = states.angle;
  double* __restrict spin = states.spin;
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = position[i];
    const double v = velocity[i];
    const double theta = angle[i];
    const double omega = spin[i];
    const SineCosine of = sine_cosine(theta);
    const double shared = (kForce * pushes[i] + kPull * omega * omega * of.sine) / kMass;
    const double turn = (kGravity * of.sine - of.cosine * shared) /
                        (kHalf * (4.0 / 3.0 - kPoleMass * of.cosine * of.cosine / kMass));
    const double pull = shared - kPull * turn * of.cosine / kMass;
    const bool over = done[i] != 0;
    position[i] = over ? x : x + kTime * v;
    velocity[i] = over ? v : v + kTime * pull;
    angle[i] = over ? theta : theta + kTime * omega;
    spin[i] = over ? omega : omega + kTime * turn;
  }
}

}  // namespace spurion::environments
