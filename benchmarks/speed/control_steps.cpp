// Steps a second of the classic-control worlds on one core, in batches of episodes, against a plain
// loop over one episode after the other that computes the same, and against the memory bandwidth of
// the core. Prints JSON; no time is reported if both sides do not end in the same states.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "measure.hpp"
#include "spurion/error.hpp"
#include "spurion/interactive.hpp"
#include "world_steps.hpp"

namespace {

using namespace spurion;

using speed::kEpisodes;
using speed::kSteps;
using speed::Measured;

constexpr double kStepsBar = 1e7;  ///< wanted steps a second
constexpr double kPi = 3.14159265358979324;

/// One episode, as one would write it down first.
struct Plain {
  std::array<double, 4> state{};
  std::int64_t steps = 0;
  bool done = false;
};

double clipped(double value, double most) { return std::min(std::max(value, -most), most); }

void step_car(Plain& car, std::int64_t action) {
  auto& [p, v, unused, none] = car.state;
  v = clipped(v + 0.001 * static_cast<double>(action - 1) - 0.0025 * std::cos(3.0 * p), 0.07);
  p = std::min(std::max(p + v, -1.2), 0.6);
  if (p <= -1.2 && v < 0.0) v = 0.0;
  car.done = p >= 0.5;
}

std::array<double, 4> acrobot_rates(const std::array<double, 4>& s, double torque) {
  const double d1 = 3.5 + std::cos(s[1]);
  const double d2 = 1.25 + 0.5 * std::cos(s[1]);
  const double phi2 = 4.9 * std::cos(s[0] + s[1] - kPi / 2.0);
  const double phi1 = -0.5 * s[3] * s[3] * std::sin(s[1]) - s[3] * s[2] * std::sin(s[1]) +
                      14.7 * std::cos(s[0] - kPi / 2.0) + phi2;
  const double a2 =
      (torque + d2 / d1 * phi1 - 0.5 * s[2] * s[2] * std::sin(s[1]) - phi2) / (1.25 - d2 * d2 / d1);
  return {s[2], s[3], -(d2 * a2 + phi1) / d1, a2};
}

void step_acrobot(Plain& one, std::int64_t action) {
  const auto torque = static_cast<double>(action - 1);
  const auto moved = [&](const std::array<double, 4>& rate, double time) {
    std::array<double, 4> out = one.state;
    for (std::size_t i = 0; i < 4; ++i) out[i] += time * rate[i];
    return out;
  };
  const auto a = acrobot_rates(one.state, torque);
  const auto b = acrobot_rates(moved(a, 0.1), torque);
  const auto c = acrobot_rates(moved(b, 0.1), torque);
  const auto d = acrobot_rates(moved(c, 0.2), torque);
  for (std::size_t i = 0; i < 4; ++i) {
    one.state[i] += 0.2 / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]);
  }
  for (std::size_t i = 0; i < 2; ++i) one.state[i] = std::remainder(one.state[i], 2.0 * kPi);
  one.state[2] = clipped(one.state[2], 4.0 * kPi);
  one.state[3] = clipped(one.state[3], 9.0 * kPi);
  one.done = -std::cos(one.state[0]) - std::cos(one.state[0] + one.state[1]) > 1.0;
}

void step_cart(Plain& cart, std::int64_t action) {
  auto& [x, v, theta, omega] = cart.state;
  const double cosine = std::cos(theta);
  const double sine = std::sin(theta);
  const double shared = ((action == 1 ? 10.0 : -10.0) + 0.05 * omega * omega * sine) / 1.1;
  const double turn =
      (9.8 * sine - cosine * shared) / (0.5 * (4.0 / 3.0 - 0.1 * cosine * cosine / 1.1));
  const double pull = shared - 0.05 * turn * cosine / 1.1;
  x += 0.02 * v;
  v += 0.02 * pull;
  theta += 0.02 * omega;
  omega += 0.02 * turn;
  cart.done = std::abs(x) > 2.4 || std::abs(theta) > 12.0 * kPi / 180.0;
}

struct Subject {
  const char* name;
  std::int64_t actions;
  std::size_t numbers;  ///< of the state
  void (*step)(Plain&, std::int64_t);
};

Measured measure(const Subject& subject) {
  const auto made = speed::made_world(subject.name, Value(Value::Table{}));
  const InteractiveEnvironment& world = *made->interactive();
  const Domain domain = made->test_domain();
  const EpisodePlace place{domain, Split::test};
  const std::vector<std::int64_t> numbers = speed::episode_numbers();
  const Episodes start = world.reset(place, numbers);
  std::vector<std::vector<std::int64_t>> actions;
  const RandomStream draws(RandomKey(0));
  for (std::int64_t step = 0; step < kSteps; ++step) {
    actions.emplace_back();
    // Alternating where there are two, so that no pole falls.
    for (const std::int64_t number : numbers) {
      actions.back().push_back(subject.actions == 2 ? (number + step) % 2
                                                    : draws.below(subject.actions, number, step));
    }
  }
  std::vector<Plain> first(numbers.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    for (std::size_t s = 0; s < subject.numbers; ++s) {
      first[i].state[s] = start.values(static_cast<std::int64_t>(s))[i];
    }
  }

  Measured out;
  Episodes episodes;
  std::vector<float> rewards;
  out.batch_seconds = speed::seconds_per_call([&] {
    episodes = start;
    for (const auto& now : actions) world.step(place, now, episodes, rewards);
  });
  std::vector<Plain> running;
  out.plain_seconds = speed::seconds_per_call([&] {
    running = first;
    for (std::size_t i = 0; i < running.size(); ++i) {
      for (const auto& now : actions) {
        if (running[i].done) break;
        subject.step(running[i], now[i]);
        ++running[i].steps;
      }
    }
  });
  for (std::size_t i = 0; i < running.size(); ++i) {
    for (std::size_t s = 0; s < subject.numbers; ++s) {
      const double apart =
          std::abs(episodes.values(static_cast<std::int64_t>(s))[i] - running[i].state[s]);
      if (apart > 1e-6 || episodes.step[i] != running[i].steps) {
        throw LogicError("the plain loop ends in another state");
      }
    }
    out.steps += static_cast<double>(running[i].steps);
  }
  return out;
}

}  // namespace

int main() try {
  speed::use_one_core();
  const double bytes = speed::copy_bandwidth();
  fmt::print("{{\n  \"rows\": [\n");
  bool first = true;
  for (const Subject& subject :
       {Subject{"mountain_car", 3, 2, step_car}, Subject{"acrobot", 3, 4, step_acrobot},
        Subject{"cart_pole", 2, 4, step_cart}}) {
    const Measured found = measure(subject);
    // The state read and written, action, last action, steps read and written (8 bytes each),
    // reward (4), done read, copied and read again (3).
    const double step_bytes = static_cast<double>(2 * subject.numbers + 4) * 8.0 + 4.0 + 3.0;
    speed::print_row(first, {subject.name, kStepsBar, step_bytes}, found, bytes);
    first = false;
  }
  fmt::print("\n  ]\n}}\n");
} catch (const spurion::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
