#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "environments/cart_pole/cart_dynamics.hpp"
#include "environments/shared/control/control_world.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct CartPoleOptions : ControlOptions {
  std::int64_t horizon = 200;
  bool mask_velocities = true;
  double damping = 0.02;
  std::int64_t frame_skip = 1;
};

/// A cart balances a pole. Velocities are not seen, and the previous action is. See
/// datasets/cart_pole.md.
class CartPole final : public ControlWorld {
 public:
  using Options = CartPoleOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("horizon", &O::horizon, "Most steps of an episode.", between(10, 1000))
            .field("mask_velocities", &O::mask_velocities,
                   "Whether velocities are hidden. The expert knows them.")
            .field(
                "damping", &O::damping,
                "Seconds by which the expert looks ahead: it pushes right where angle + damping * "
                "angular velocity >= 0. The smaller, the more often it repeats its action.",
                between(0.015, 10))
            .field("frame_skip", &O::frame_skip, "Frames of 0.02 s for which an action holds.",
                   between(1, 8))
            .include(ControlOptions::schema())
            .preset("easy", {{"mask_velocities", false}})
            .preset("medium", {})
            .preset("hard", {{"damping", 0.5}},
                    "the expert alternates: the previous action misleads the other way");
    return schema;
  }

  CartPole(const Options& options, const EnvironmentContext& context)
      : ControlWorld(context, kWorld, options), options_(options) {
    using Inputs = std::vector<std::pair<std::string, std::int64_t>>;
    const Inputs seen = options.mask_velocities
                            ? Inputs{{"position", 1}, {"angle", 1}}
                            : Inputs{{"position", 1}, {"velocity", 1}, {"angle", 1}, {"spin", 1}};
    describe_control(
        {{"left", "right"}, seen, "positions and velocities of cart and pole", kRight});
    info_.title = "A cart with a pole that sees its previous action";
    info_.citation =
        "spurion; the cue of de Haan et al. 2019, arXiv:1905.11979, on the cart of Barto, Sutton, "
        "Anderson 1983 as in OpenAI Gym's CartPole-v0";
    info_.mechanism = fmt::format(
        "equations of motion of Barto et al.; {} Euler steps of 0.02 s for an action\n"
        "start: positions and velocities uniform in [-0.05, 0.05]\n"
        "end: |position| > 2.4, |angle| > 12 degrees, or {} steps\n"
        "expert: right where angle + {} * angular velocity >= 0, else left\n"
        "shown = previous push, -1 or +1; 0 at the first step; with probability e a random push\n"
        "x = ({})",
        options.frame_skip, options.horizon, options.damping,
        options.mask_velocities ? "position / 2.4, angle / 0.21, shown"
                                : "position / 2.4, velocity / 2, angle / 0.21, spin / 2, shown");
    info_.deviations = "Inputs are scaled. Expert, hidden velocities and the dial are ours.";
    acting_.state = {"position", "velocity", "angle", "spin"};
    acting_.horizon = options.horizon;
    acting_.reward = "1 a step until the pole falls or the cart leaves the track";
    acting_.goal = "the pole stands until the last step";
    acting_.proxy = "never: the shown action points to no place";
  }

 protected:
  void begin(const EpisodePlace& place, StartKind /*kind*/, Episodes& episodes) const override {
    const RandomStream starts(episodes_key(place).child("start"));
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const std::int64_t number = episodes.number[static_cast<std::size_t>(i)];
      for (std::int64_t s = 0; s < kNumbers; ++s) {
        episodes.values(s)[i] = 0.1 * starts.uniform(number, s) - 0.05;
      }
    }
  }

  void advance(const EpisodePlace& /*place*/, const std::vector<std::int64_t>& actions,
               Episodes& episodes, float* rewards) const override {
    std::vector<double> pushes(actions.size());
    for (std::size_t i = 0; i < pushes.size(); ++i) {
      pushes[i] = actions[i] == kRight ? 1.0 : -1.0;
      rewards[i] = episodes.done[i] == 0 ? 1.0F : 0.0F;
    }
    const double* positions = episodes.values(kPosition);
    const double* angles = episodes.values(kAngle);
    const std::vector<std::uint8_t> over = episodes.done;
    for (std::int64_t frame = 0; frame < options_.frame_skip; ++frame) {
      step_carts(episodes.count(), pushes.data(), episodes.done.data(),
                 {episodes.values(kPosition), episodes.values(kVelocity), episodes.values(kAngle),
                  episodes.values(kSpin)});
      for (std::size_t i = 0; i < pushes.size(); ++i) {
        const bool fell = std::abs(positions[i]) > kCartEdge || std::abs(angles[i]) > kPoleEdge;
        episodes.done[i] = static_cast<std::uint8_t>(episodes.done[i] != 0 || fell ? 1 : 0);
      }
    }
    for (std::size_t i = 0; i < pushes.size(); ++i) {
      const bool last = episodes.step[i] + 1 >= options_.horizon;
      if (over[i] == 0 && episodes.done[i] == 0 && last) episodes.goal[i] = 1;
    }
  }

  void look_at_state(const Episodes& episodes, std::int64_t stride, float* inputs) const override {
    const bool masked = options_.mask_velocities;
    for (std::int64_t i = 0; i < episodes.count(); ++i, inputs += stride) {
      float* at = inputs;
      *at++ = static_cast<float>(episodes.values(kPosition)[i] / kCartEdge);
      if (!masked) *at++ = static_cast<float>(episodes.values(kVelocity)[i] / 2.0);
      *at++ = static_cast<float>(episodes.values(kAngle)[i] / 0.21);
      if (!masked) *at++ = static_cast<float>(episodes.values(kSpin)[i] / 2.0);
    }
  }

  void control(ReferencePolicy policy, const Episodes& episodes,
               std::int64_t* actions) const override {
    const bool expert = policy == ReferencePolicy::expert;
    const double look = expert ? options_.damping : 0.5;
    const double place = expert ? 0.0 : 0.1;
    const double drift = expert ? 0.0 : 0.3;
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const double lean = episodes.values(kAngle)[i] + look * episodes.values(kSpin)[i] +
                          place * episodes.values(kPosition)[i] +
                          drift * episodes.values(kVelocity)[i];
      actions[i] = lean >= 0.0 ? kRight : kLeft;
    }
  }

  /// No policy earns more than the horizon. With 2,000 episodes that all stand, the probability of
  /// a fall is below 3 / 2,000 with 95 % confidence.
  [[nodiscard]] Ceiling policy_return(ReferencePolicy policy) const override {
    Ceiling known = ControlWorld::policy_return(policy);
    if (policy == ReferencePolicy::random) return known;
    const auto most = static_cast<double>(options_.horizon);
    known.error_bound += 3.0 * most / static_cast<double>(kSimulated);
    if (policy == ReferencePolicy::optimal) known.error_bound += most - known.value;
    return known;
  }

  /// With hidden velocities the expert cannot be predicted always: how often the angle is enough.
  [[nodiscard]] double hidden_bound(const Sample& rows) const override {
    if (!options_.mask_velocities) return 0.0;
    const float* causal = rows.causal.data_ptr<float>();
    const std::int64_t* labels = rows.y.data_ptr<std::int64_t>();
    const auto table = [&](std::int64_t first) {
      CueActionTable out(2);
      for (std::int64_t i = first; i < first + kCounted / 2; ++i) {
        out.add({std::round(32.0F * causal[2 * i + 1])}, labels[i], 1.0);
      }
      return out;
    };
    const double right = table(kCounted / 2).accuracy_of(table(0));
    return std::min(1.0, 1.0 - right + 2.5 / std::sqrt(static_cast<double>(kCounted / 2)));
  }

 private:
  static constexpr const char* kWorld = "cart_pole";
  static constexpr std::int64_t kNumbers = 4;
  static constexpr std::int64_t kPosition = 0;
  static constexpr std::int64_t kVelocity = 1;
  static constexpr std::int64_t kAngle = 2;
  static constexpr std::int64_t kSpin = 3;
  static constexpr std::int64_t kLeft = 0;
  static constexpr std::int64_t kRight = 1;

  Options options_;
};

}  // namespace

void register_cart_pole(Catalog& catalog);
void register_cart_pole(Catalog& catalog) {
  catalog.environments.add<CartPole>(
      "cart_pole", "A cart balances a pole without seeing velocities; the previous push is shown.",
      "after de Haan et al. 2019, arXiv:1905.11979");
}

}  // namespace spurion::environments
