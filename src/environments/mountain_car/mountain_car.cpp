#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "environments/mountain_car/car_dynamics.hpp"
#include "environments/mountain_car/car_optimum.hpp"
#include "environments/shared/control/control_world.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct MountainCarOptions : ControlOptions {
  std::int64_t horizon = 200;
  double velocity_unit = 0.07;
};

/// A car without the power to climb has to swing. Its expert nearly always repeats the action
/// before, which is shown (de Haan et al. 2019). See datasets/mountain_car.md.
class MountainCar final : public ControlWorld {
 public:
  using Options = MountainCarOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("horizon", &Options::horizon, "Most steps of an episode.", between(10, 1000))
            .field("velocity_unit", &Options::velocity_unit,
                   "The velocity that is the input 1. The larger, the less the velocity stands out "
                   "beside the shown action. 1: the source's inputs.",
                   between(0.01, 1))
            .include(ControlOptions::schema())
            .preset("easy", {{"train_shifts", Value::List{0.3}}})
            .preset("medium", {})
            .preset("hard", {{"horizon", 130}}, "hardly more steps than the expert needs");
    return schema;
  }

  MountainCar(const Options& options, const EnvironmentContext& context)
      : ControlWorld(context, kName, options), velocity_unit_(options.velocity_unit) {
    describe_control({{"left", "coast", "right"},
                      {{"position", 1}, {"velocity", 1}},
                      "position and velocity",
                      kRight});
    info_.title = "A mountain car that sees its previous action";
    info_.citation =
        "de Haan, Jayaraman, Levine 2019, \"Causal Confusion in Imitation Learning\", "
        "arXiv:1905.11979; the car of Moore 1990 as in OpenAI Gym's MountainCar-v0";
    info_.mechanism = fmt::format(
        "v <- clip(v + 0.001 (a - 1) - 0.0025 cos(3 p), -0.07, 0.07); p <- clip(p + v, -1.2, 0.6); "
        "v <- 0 where p = -1.2 and v < 0\n"
        "start: p uniform in [-0.6, -0.4], v = 0; demonstrations: p uniform in [-1, 0.5], "
        "v = clip(0.07 N(0, 1), -0.07, 0.07)\n"
        "end: p >= 0.5, or {} steps\n"
        "expert: right where v >= 0, else left\n"
        "shown = previous action - 1, 0 at the first step; with probability e a random action - 1\n"
        "x = ((p + 0.3) / 0.9, v / {}, shown)",
        options.horizon, options.velocity_unit);
    info_.deviations =
        "Inputs are scaled. The expert is a rule instead of a trained policy. The "
        "speed of a demonstration's start is clipped. A dial between the source's two "
        "observations.";
    acting_.state = {"position", "velocity"};
    acting_.horizon = options.horizon;
    acting_.demonstration_steps = std::min<std::int64_t>(options.horizon, kDemonstrated);
    acting_.reward = "-1 a step until the goal is reached";
    acting_.goal = "the top of the hill is reached";
    acting_.proxy = "never: the shown action points to no place";
  }

 protected:
  void begin(const EpisodePlace& place, StartKind kind, Episodes& episodes) const override {
    const RandomStream starts(episodes_key(place).child("start"));
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const std::int64_t number = episodes.number[static_cast<std::size_t>(i)];
      const double share = starts.uniform(number, 0);
      if (kind == StartKind::acting) {
        episodes.values(kPosition)[i] = start_at(share);
        continue;
      }
      episodes.values(kPosition)[i] = -1.0 + 1.5 * share;
      episodes.values(kVelocity)[i] =
          std::clamp(kCarFastest * starts.normal(number, 1), -kCarFastest, kCarFastest);
    }
  }

  void advance(const EpisodePlace& /*place*/, const std::vector<std::int64_t>& actions,
               Episodes& episodes, float* rewards) const override {
    const std::int64_t count = episodes.count();
    std::vector<double> pushes(actions.size());
    for (std::size_t i = 0; i < pushes.size(); ++i) {
      pushes[i] = static_cast<double>(static_cast<std::int32_t>(actions[i]) - 1);
    }
    const double* positions = episodes.values(kPosition);
    step_cars(count, pushes.data(), episodes.done.data(), episodes.values(kPosition),
              episodes.values(kVelocity));
    for (std::size_t i = 0; i < pushes.size(); ++i) {
      const bool going = episodes.done[i] == 0;
      const bool there = going && positions[i] >= kCarGoal;
      rewards[i] = going ? -1.0F : 0.0F;
      if (there) episodes.done[i] = episodes.goal[i] = 1;
    }
  }

  void look_at_state(const Episodes& episodes, std::int64_t stride, float* inputs) const override {
    const double* positions = episodes.values(kPosition);
    const double* velocities = episodes.values(kVelocity);
    for (std::int64_t i = 0; i < episodes.count(); ++i, inputs += stride) {
      inputs[0] = static_cast<float>((positions[i] + 0.3) / 0.9);
      inputs[1] = static_cast<float>(velocities[i] / velocity_unit_);
    }
  }

  void control(ReferencePolicy policy, const Episodes& episodes,
               std::int64_t* actions) const override {
    const double* positions = episodes.values(kPosition);
    const double* velocities = episodes.values(kVelocity);
    if (policy == ReferencePolicy::expert) {
      for (std::int64_t i = 0; i < episodes.count(); ++i) {
        actions[i] = velocities[i] >= 0.0 ? kRight : kLeft;
      }
      return;
    }
    const CarOptimum& optimum = CarOptimum::shared();
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      actions[i] = optimum.push(positions[i], velocities[i]) + 1;
    }
  }

  /// Expert and optimal policy: the mean over evenly spaced starts, since nothing else is random.
  [[nodiscard]] Ceiling policy_return(ReferencePolicy policy) const override {
    if (policy == ReferencePolicy::random) return ControlWorld::policy_return(policy);
    Episodes cars = evenly_started();
    std::vector<double> returns(cars.number.size(), 0.0);
    std::vector<std::int64_t> actions(returns.size());
    std::vector<float> rewards;
    const Domain anywhere = at(0.0);
    const EpisodePlace place{anywhere, Split::test};
    while (!cars.all_done()) {
      control(policy, cars, actions.data());
      step(place, actions, cars, rewards);
      for (std::size_t i = 0; i < returns.size(); ++i) {
        returns[i] += static_cast<double>(rewards[i]);
      }
    }
    // The midpoint rule errs by at most the variation divided by the number of points.
    double sum = 0.0;
    double variation = 0.0;
    for (std::size_t i = 0; i < returns.size(); ++i) {
      sum += returns[i];
      if (i > 0) variation += std::abs(returns[i] - returns[i - 1]);
    }
    const auto count = static_cast<double>(returns.size());
    if (policy == ReferencePolicy::expert) {
      return {sum / count, Exactness::quadrature, variation / count};
    }
    return {sum / count, Exactness::empirical, variation / count + kTableError};
  }

 private:
  static constexpr const char* kName = "mountain_car";
  static constexpr std::int64_t kPosition = 0;
  static constexpr std::int64_t kVelocity = 1;
  static constexpr std::int64_t kLeft = 0;
  static constexpr std::int64_t kRight = 2;
  static constexpr std::int64_t kDemonstrated = 200;
  static constexpr std::int64_t kStarts = 2000;  ///< of the midpoint rule
  /// The best switching policies of three pushes, found by going through all of them at eleven
  /// starts, gain less than this over the greedy policy of the table.
  static constexpr double kTableError = 1.0;

  static double start_at(double share) { return -0.6 + 0.2 * share; }

  [[nodiscard]] Episodes evenly_started() const {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(kStarts));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
    const Domain anywhere = at(0.0);
    Episodes cars = reset({anywhere, Split::test}, numbers);
    for (std::int64_t i = 0; i < kStarts; ++i) {
      cars.values(kPosition)[i] =
          start_at((static_cast<double>(i) + 0.5) / static_cast<double>(kStarts));
    }
    return cars;
  }

  double velocity_unit_;
};

}  // namespace

void register_mountain_car(Catalog& catalog);
void register_mountain_car(Catalog& catalog) {
  catalog.environments.add<MountainCar>(
      "mountain_car", "A car swings up a hill; what its expert did before is shown.",
      "de Haan et al. 2019, arXiv:1905.11979");
}

}  // namespace spurion::environments
