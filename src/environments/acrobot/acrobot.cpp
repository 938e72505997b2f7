#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "environments/acrobot/acrobot_dynamics.hpp"
#include "environments/shared/control/control_world.hpp"
#include "environments/shared/control/trigonometry.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct AcrobotOptions : ControlOptions {
  std::int64_t horizon = 200;
};

/// Two links swing up by a torque between them. The expert pushes the second link the way it turns,
/// and its previous action is shown. See datasets/acrobot.md.
class AcrobotWorld final : public ControlWorld {
 public:
  using Options = AcrobotOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("horizon", &Options::horizon, "Most steps of an episode.", between(10, 1000))
            .include(ControlOptions::schema())
            .preset("easy", {{"train_shifts", Value::List{0.3}}})
            .preset("medium", {})
            .preset("hard", {{"horizon", 120}}, "hardly more steps than the expert needs");
    return schema;
  }

  AcrobotWorld(const Options& options, const EnvironmentContext& context)
      : ControlWorld(context, kWorld, options) {
    describe_control(
        {{"pull", "none", "push"},
         {{"first_link", 2}, {"second_link", 2}, {"first_speed", 1}, {"second_speed", 1}},
         "angles and velocities of both links",
         kPush});
    info_.title = "An acrobot that sees its previous action";
    info_.citation =
        "spurion; the cue of de Haan et al. 2019, arXiv:1905.11979, on the acrobot of Sutton & "
        "Barto 1998 as in OpenAI Gym's Acrobot-v1";
    info_.mechanism = fmt::format(
        "equations of motion of Sutton & Barto, lengths and masses 1; one Runge-Kutta step of 0.2 "
        "s\n"
        "start: angles and velocities uniform in [-0.1, 0.1]; demonstrations: angles uniform in "
        "[-1, 1], velocities N(0, 1)\n"
        "end: -cos(angle1) - cos(angle1 + angle2) > 1, or {} steps\n"
        "expert: torque = sign of the velocity of the second joint\n"
        "shown = previous torque, 0 at the first step; with probability e a random torque\n"
        "x = (cos angle1, sin angle1, cos angle2, sin angle2, speed1 / 4, speed2 / 9, shown)",
        options.horizon);
    info_.deviations =
        "Velocities are scaled; 200 steps instead of 500. Expert, varied starts of demonstrations "
        "and the dial are ours.";
    acting_.state = {"angle1", "angle2", "speed1", "speed2"};
    acting_.horizon = options.horizon;
    acting_.demonstration_steps = std::min<std::int64_t>(options.horizon, kDemonstrated);
    acting_.reward = "-1 a step, 0 at the step that reaches the goal";
    acting_.goal = "the tip is one length above the joint";
    acting_.proxy = "never: the shown action points to no place";
  }

 protected:
  void begin(const EpisodePlace& place, StartKind kind, Episodes& episodes) const override {
    const RandomStream starts(episodes_key(place).child("start"));
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const std::int64_t number = episodes.number[static_cast<std::size_t>(i)];
      const bool varied = kind == StartKind::demonstration;
      for (std::int64_t s = 0; s < kNumbers; ++s) {
        const double wide = varied ? 1.0 : 0.1;
        episodes.values(s)[i] = varied && s >= kSpeed1
                                    ? starts.normal(number, s)
                                    : wide * (2.0 * starts.uniform(number, s) - 1.0);
      }
    }
  }

  void advance(const EpisodePlace& /*place*/, const std::vector<std::int64_t>& actions,
               Episodes& episodes, float* rewards) const override {
    std::vector<double> torques(actions.size());
    std::vector<double> heights(actions.size());
    for (std::size_t i = 0; i < torques.size(); ++i) {
      torques[i] = static_cast<double>(static_cast<std::int32_t>(actions[i]) - 1);
    }
    step_acrobots(episodes.count(), torques.data(), episodes.done.data(),
                  {episodes.values(0), episodes.values(1), episodes.values(kSpeed1),
                   episodes.values(kSpeed2)},
                  heights.data());
    for (std::size_t i = 0; i < torques.size(); ++i) {
      const bool going = episodes.done[i] == 0;
      const bool there = going && heights[i] > 1.0;
      rewards[i] = going && !there ? -1.0F : 0.0F;
      if (there) episodes.done[i] = episodes.goal[i] = 1;
    }
  }

  void look_at_state(const Episodes& episodes, std::int64_t stride, float* inputs) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i, inputs += stride) {
      const SineCosine first = sine_cosine(episodes.values(0)[i]);
      const SineCosine second = sine_cosine(episodes.values(1)[i]);
      inputs[0] = static_cast<float>(first.cosine);
      inputs[1] = static_cast<float>(first.sine);
      inputs[2] = static_cast<float>(second.cosine);
      inputs[3] = static_cast<float>(second.sine);
      inputs[4] = static_cast<float>(episodes.values(kSpeed1)[i] / 4.0);
      inputs[5] = static_cast<float>(episodes.values(kSpeed2)[i] / 9.0);
    }
  }

  void control(ReferencePolicy policy, const Episodes& episodes,
               std::int64_t* actions) const override {
    const bool expert = policy == ReferencePolicy::expert;
    const double* speeds = episodes.values(kSpeed2);
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const double drive = expert ? speeds[i] : better_drive(episodes, i);
      actions[i] = drive > 0.0 ? kPush : drive < 0.0 ? kPull : kNone;
    }
  }

  /// The optimum is not known: the return of a better policy, and how far planners got beyond it.
  [[nodiscard]] Ceiling policy_return(ReferencePolicy policy) const override {
    Ceiling known = ControlWorld::policy_return(policy);
    if (policy == ReferencePolicy::optimal) known.error_bound += kPlanned;
    return known;
  }

 private:
  static constexpr const char* kWorld = "acrobot";
  static constexpr std::int64_t kNumbers = 4;
  static constexpr std::int64_t kSpeed1 = 2;
  static constexpr std::int64_t kSpeed2 = 3;
  static constexpr std::int64_t kPull = 0;
  static constexpr std::int64_t kNone = 1;
  static constexpr std::int64_t kPush = 2;
  static constexpr std::int64_t kDemonstrated = 150;
  static constexpr double kPlanned = 25.0;

  /// The sign of this is the torque of the best switching rule that a random search found.
  [[nodiscard]] static double better_drive(const Episodes& episodes, std::int64_t i) {
    const SineCosine first = sine_cosine(episodes.values(0)[i]);
    const SineCosine second = sine_cosine(episodes.values(1)[i]);
    const double speed1 = episodes.values(kSpeed1)[i];
    const double speed2 = episodes.values(kSpeed2)[i];
    const double sum = first.sine * second.cosine + first.cosine * second.sine;
    return 3.174 * speed2 - 1.094 * speed1 - 0.0699 * second.sine + 0.0274 * first.sine +
           1.382 * speed1 * second.cosine - 0.317 * sum;
  }
};

}  // namespace

void register_acrobot(Catalog& catalog);
void register_acrobot(Catalog& catalog) {
  catalog.environments.add<AcrobotWorld>(
      "acrobot", "Two links swing up; what their expert did before is shown.",
      "after de Haan et al. 2019, arXiv:1905.11979");
}

}  // namespace spurion::environments
