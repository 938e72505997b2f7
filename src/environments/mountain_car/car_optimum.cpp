#include "environments/mountain_car/car_optimum.hpp"

#include <algorithm>
#include <cmath>

#include "environments/mountain_car/car_dynamics.hpp"

namespace spurion::environments {

namespace {

constexpr double kStill = 1e-2;            ///< a sweep that changes less is the last
constexpr std::int64_t kMostSweeps = 400;  ///< far more than are needed

struct Car {
  double position;
  double velocity;
};

Car pushed(Car car, double push) {
  const std::uint8_t going = 0;
  step_cars(1, &push, &going, &car.position, &car.velocity);
  return car;
}

}  // namespace

CarOptimum::CarOptimum(std::int64_t positions, std::int64_t velocities)
    : positions_(positions),
      velocities_(velocities),
      left_(static_cast<std::size_t>(positions * velocities), 400.0) {
  sweep_until_still();
}

const CarOptimum& CarOptimum::shared() {
  static const CarOptimum optimum;
  return optimum;
}

CarOptimum::Cell CarOptimum::cell(double position, double velocity) const {
  const auto steps = [](double value, double low, double high, std::int64_t points) {
    return std::clamp((value - low) / (high - low), 0.0, 1.0) * static_cast<double>(points - 1);
  };
  const double x = steps(position, kCarLeft, kCarGoal, positions_);
  const double y = steps(velocity, -kCarFastest, kCarFastest, velocities_);
  const auto i = std::min(static_cast<std::int64_t>(x), positions_ - 2);
  const auto j = std::min(static_cast<std::int64_t>(y), velocities_ - 2);
  return {i * velocities_ + j, x - static_cast<double>(i), y - static_cast<double>(j)};
}

double CarOptimum::between(const Cell& at) const {
  const double* here = left_.data() + at.corner;
  const double* beside = here + velocities_;
  return (1.0 - at.right) * ((1.0 - at.up) * here[0] + at.up * here[1]) +
         at.right * ((1.0 - at.up) * beside[0] + at.up * beside[1]);
}

void CarOptimum::sweep_until_still() {
  const std::int64_t states = positions_ * velocities_;
  // The shortest way never coasts but for single steps: two pushes are enough for the table.
  std::vector<Cell> after(static_cast<std::size_t>(2 * states));
  std::vector<std::uint8_t> ends(after.size());
  for (std::int64_t state = 0; state < states; ++state) {
    const double x = static_cast<double>(state / velocities_) / static_cast<double>(positions_ - 1);
    const double y =
        static_cast<double>(state % velocities_) / static_cast<double>(velocities_ - 1);
    const Car car{kCarLeft + x * (kCarGoal - kCarLeft), kCarFastest * (2.0 * y - 1.0)};
    for (std::int64_t a = 0; a < 2; ++a) {
      const Car next = pushed(car, a == 0 ? -1.0 : 1.0);
      const auto at = static_cast<std::size_t>(2 * state + a);
      after[at] = cell(next.position, next.velocity);
      ends[at] = next.position >= kCarGoal ? 1 : 0;
    }
    if (state / velocities_ == positions_ - 1) left_[static_cast<std::size_t>(state)] = 0.0;
  }
  const auto better = [&](std::int64_t state) {
    double least = 400.0;
    for (std::size_t a = 0; a < 2; ++a) {
      const std::size_t at = 2 * static_cast<std::size_t>(state) + a;
      least = std::min(least, 1.0 + (ends[at] != 0 ? 0.0 : between(after[at])));
    }
    double& value = left_[static_cast<std::size_t>(state)];
    const double change = std::abs(value - least);
    value = least;
    return change;
  };
  // Alternating orders: each carries what is known one way along both axes.
  const std::int64_t open = (positions_ - 1) * velocities_;
  for (std::int64_t sweep = 0; sweep < kMostSweeps; ++sweep) {
    double change = 0.0;
    for (std::int64_t n = 0; n < open; ++n) {
      change = std::max(change, better(sweep % 2 == 0 ? open - 1 - n : n));
    }
    if (change < kStill) break;
  }
}

double CarOptimum::steps_left(double position, double velocity) const {
  return position >= kCarGoal ? 0.0 : between(cell(position, velocity));
}

std::int64_t CarOptimum::push(double position, double velocity) const {
  double least = 1e300;
  std::int64_t best = -1;
  for (const std::int64_t candidate : {-1, 0, 1}) {
    const Car next = pushed({position, velocity}, static_cast<double>(candidate));
    const double left = steps_left(next.position, next.velocity);
    if (left < least) {
      least = left;
      best = candidate;
    }
  }
  return best;
}

}  // namespace spurion::environments
