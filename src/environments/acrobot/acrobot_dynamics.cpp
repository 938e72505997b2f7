#include "environments/acrobot/acrobot_dynamics.hpp"

#include "core/clones.hpp"
#include "environments/shared/control/trigonometry.hpp"

namespace spurion::environments {

namespace {

/// A state, or its derivative.
struct Acrobot {
  double angle1;
  double angle2;
  double speed1;
  double speed2;
};

/// The equations of motion of Sutton & Barto ("book" in Gym).
SPURION_ALWAYS_INLINE Acrobot rates(const Acrobot& at, double torque) noexcept {
  const SineCosine first = sine_cosine(at.angle1);
  const SineCosine second = sine_cosine(at.angle2);
  const double sum = first.sine * second.cosine + first.cosine * second.sine;
  const double d1 = 3.5 + second.cosine;
  const double d2 = 1.25 + 0.5 * second.cosine;
  const double phi2 = 4.9 * sum;
  const double phi1 = -0.5 * at.speed2 * at.speed2 * second.sine -
                      at.speed2 * at.speed1 * second.sine + 14.7 * first.sine + phi2;
  const double share = d2 / d1;
  const double pull2 = (torque + share * phi1 - 0.5 * at.speed1 * at.speed1 * second.sine - phi2) /
                       (1.25 - share * d2);
  const double pull1 = -(d2 * pull2 + phi1) / d1;
  return {at.speed1, at.speed2, pull1, pull2};
}

SPURION_ALWAYS_INLINE Acrobot moved(const Acrobot& from, const Acrobot& rate,
                                    double time) noexcept {
  return {from.angle1 + time * rate.angle1, from.angle2 + time * rate.angle2,
          from.speed1 + time * rate.speed1, from.speed2 + time * rate.speed2};
}

SPURION_ALWAYS_INLINE double mean_rate(double a, double b, double c, double d) noexcept {
  return (a + 2.0 * b + 2.0 * c + d) / 6.0;
}

SPURION_ALWAYS_INLINE Acrobot after_step(const Acrobot& from, double torque) noexcept {
  const Acrobot a = rates(from, torque);
  const Acrobot b = rates(moved(from, a, 0.5 * kAcrobotStep), torque);
  const Acrobot c = rates(moved(from, b, 0.5 * kAcrobotStep), torque);
  const Acrobot d = rates(moved(from, c, kAcrobotStep), torque);
  const Acrobot mean = {mean_rate(a.angle1, b.angle1, c.angle1, d.angle1),
                        mean_rate(a.angle2, b.angle2, c.angle2, d.angle2),
                        mean_rate(a.speed1, b.speed1, c.speed1, d.speed1),
                        mean_rate(a.speed2, b.speed2, c.speed2, d.speed2)};
  const Acrobot to = moved(from, mean, kAcrobotStep);
  return {wrapped(to.angle1), wrapped(to.angle2),
          bounded(to.speed1, -kAcrobotFastest1, kAcrobotFastest1),
          bounded(to.speed2, -kAcrobotFastest2, kAcrobotFastest2)};
}

}  // namespace

// In blocks of its own memory: with so many arrays the compiler does not prove that none overlap,
// and would not vectorise.
SPURION_CLONES void step_acrobots(std::int64_t count, const double* torques,
                                  const std::uint8_t* done, const AcrobotStates& states,
                                  double* heights) {
  constexpr std::int64_t kBlock = 64;
  double angle1[kBlock] = {};
  double angle2[kBlock] = {};
  double speed1[kBlock] = {};
  double speed2[kBlock] = {};
  double torque[kBlock] = {};
  double height[kBlock] = {};
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t lanes = count - first < kBlock ? count - first : kBlock;
    for (std::int64_t i = 0; i < lanes; ++i) {
      angle1[i] = states.angle1[first + i];
      angle2[i] = states.angle2[first + i];
      speed1[i] = states.speed1[first + i];
      speed2[i] = states.speed2[first + i];
      torque[i] = torques[first + i];
    }
    for (std::int64_t i = 0; i < kBlock; ++i) {
      const Acrobot after = after_step({angle1[i], angle2[i], speed1[i], speed2[i]}, torque[i]);
      angle1[i] = after.angle1;
      angle2[i] = after.angle2;
      speed1[i] = after.speed1;
      speed2[i] = after.speed2;
      height[i] = -cosine(after.angle1) - cosine(after.angle1 + after.angle2);
    }
    for (std::int64_t i = 0; i < lanes; ++i) {
      heights[first + i] = height[i];
      if (done[first + i] != 0) continue;
      states.angle1[first + i] = angle1[i];
      states.angle2[first + i] = angle2[i];
      states.speed1[first + i] = speed1[i];
      states.speed2[first + i] = speed2[i];
    }
  }
}

}  // namespace spurion::environments
