#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "environments/brake_light/follower.hpp"
#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/interactive_world.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct BrakeLightOptions {
  std::int64_t farthest = 20;
  std::int64_t fastest = 3;
  double stops = 0.05;
  double drives_on = 0.1;
  double crash_cost = 20.0;
  std::int64_t horizon = 100;
  bool graph_inputs = false;
  std::vector<double> train_shifts = {0.0};
  double test_shift = 1.0;
};

/// A car follows another. A light on its own dashboard shows that it braked (the example of de Haan
/// et al. 2019). See datasets/brake_light.md.
class BrakeLight final : public InteractiveWorld {
 public:
  using Options = BrakeLightOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("farthest", &O::farthest, "Largest distance to the lead car, in cells.",
                   between(10, 60))
            .field("fastest", &O::fastest,
                   "Largest speed, in cells a step. Braking takes so many steps.", between(1, 3))
            .field("stops", &O::stops, "P(a lead car that drives stops), per step.",
                   between(0.001, 0.999))
            .field("drives_on", &O::drives_on, "P(a lead car that stands drives on), per step.",
                   between(0.001, 0.999))
            .field("crash_cost", &O::crash_cost, "What a crash costs.", between(0, 1000))
            .field("horizon", &O::horizon, "Most steps of an episode.", between(10, 500))
            .field("graph_inputs", &O::graph_inputs,
                   "Whether a mask of the inputs follows them, for policies that are conditioned "
                   "on a causal graph. The environment writes ones.")
            .field("train_shifts", &O::train_shifts,
                   "Share of steps at which the light is broken, in each train domain.",
                   between(0, 1))
            .field("test_shift", &O::test_shift,
                   "Share of steps at which the light is broken, in the test domain.",
                   between(0, 1))
            .preset("easy", {{"train_shifts", Value::List{0.3}}})
            .preset("medium", {})
            .preset("hard", {{"stops", 0.02}, {"drives_on", 0.04}},
                    "the expert repeats its action more often");
    return schema;
  }

  BrakeLight(const Options& options, const EnvironmentContext& context)
      : InteractiveWorld(context, ShiftDomains(kWorld, options.train_shifts, options.test_shift)),
        options_(options),
        follower_({options.farthest, options.fastest, options.stops, options.drives_on,
                   options.crash_cost, options.horizon}) {
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Intervention::Kind::none) return true;
    if (!intervention.acts_only_on(kLight)) return false;
    return intervention.kind != Intervention::Kind::set || std::abs(intervention.value) == 1.0;
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    const CueActionTable here = follower_.rows(domains_.shift(domain));
    CueActionTable train(Follower::kActions);
    for (const double shift : options_.train_shifts) train.add(follower_.rows(shift), 1.0);
    Ceilings out;
    out.bayes = {1.0, Exactness::closed_form, 0.0};
    out.invariant = out.bayes;
    out.spurious_only = {here.accuracy_of(train), Exactness::enumerated, 0.0};
    out.chance = here.best_constant();
    return out;
  }

  [[nodiscard]] ReferenceReturns references(const Domain& domain) const override {
    const FollowerReturns exact = follower_.returns(domains_.shift(domain));
    const auto known = [](double value) { return Ceiling{value, Exactness::enumerated, 0.0}; };
    return {known(exact.optimal), known(exact.expert), known(exact.cue), known(exact.random)};
  }

 protected:
  void begin(const EpisodePlace& place, StartKind /*kind*/, Episodes& episodes) const override {
    const RandomStream starts(episodes_key(place).child("start"));
    const std::int64_t distances = options_.farthest - Follower::kNearestStart + 1;
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const std::int64_t number = episodes.number[static_cast<std::size_t>(i)];
      episodes.values(kDistance)[i] =
          static_cast<double>(Follower::kNearestStart + starts.below(distances, number));
    }
  }

  void advance(const EpisodePlace& place, const std::vector<std::int64_t>& actions,
               Episodes& episodes, float* rewards) const override {
    const RandomStream lead(episodes_key(place).child("lead car"));
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (episodes.done[at] != 0) continue;
      const FollowerState from = state_of(episodes, i);
      const bool drives = lead.bernoulli(follower_.drives(from.lead_drives), episodes.number[at],
                                         episodes.step[at]);
      const FollowerStep to = follower_.step(from, actions[at], drives);
      episodes.values(kDistance)[i] = static_cast<double>(to.next.distance);
      episodes.values(kSpeed)[i] = static_cast<double>(to.next.speed);
      episodes.values(kLead)[i] = drives ? 1.0 : 0.0;
      rewards[i] = static_cast<float>(to.reward);
      if (to.crash) episodes.done[at] = 1;
      if (!to.crash && episodes.step[at] + 1 >= options_.horizon) episodes.goal[at] = 1;
    }
  }

  void look(const EpisodePlace& place, const Episodes& episodes, const Intervention& intervention,
            float* inputs) const override {
    const std::int64_t stride = info_.input_shape.front();
    const std::vector<float> lights = shown(place, episodes, intervention);
    for (std::int64_t i = 0; i < episodes.count(); ++i, inputs += stride) {
      const std::array<float, kInputs - 1> state = scaled(state_of(episodes, i));
      std::copy(state.begin(), state.end(), inputs);
      inputs[kInputs - 1] = lights[static_cast<std::size_t>(i)];
      if (options_.graph_inputs) std::fill(inputs + kInputs, inputs + 2 * kInputs, 1.0F);
    }
  }

  void choose(ReferencePolicy policy, const EpisodePlace& place, const Episodes& episodes,
              std::int64_t* actions) const override {
    if (policy == ReferencePolicy::cue) {
      const std::vector<float> lights = shown(place, episodes, Intervention::none());
      for (std::size_t i = 0; i < lights.size(); ++i) {
        actions[i] = lights[i] > 0.0F ? Follower::kBrake : Follower::kDrive;
      }
      return;
    }
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const FollowerState state = state_of(episodes, i);
      const std::int64_t left = options_.horizon - episodes.step[static_cast<std::size_t>(i)];
      actions[i] = policy == ReferencePolicy::expert ? follower_.expert(state)
                                                     : follower_.optimal(state, left);
    }
  }

  void note(const EpisodePlace& place, const Episodes& episodes, const Intervention& intervention,
            Sample& sample) const override {
    const std::int64_t count = episodes.count();
    const std::vector<float> lights = shown(place, episodes, intervention);
    sample.causal = at::empty({count, kInputs - 1}, at::kFloat);
    sample.spurious = at::empty({count, 1}, at::kFloat);
    sample.group = at::empty({count}, at::kLong);
    for (std::int64_t i = 0; i < count; ++i) {
      const FollowerState state = state_of(episodes, i);
      const std::array<float, kInputs - 1> numbers = scaled(state);
      std::copy(numbers.begin(), numbers.end(),
                sample.causal.data_ptr<float>() + i * (kInputs - 1));
      const float light = lights[static_cast<std::size_t>(i)];
      sample.spurious.data_ptr<float>()[i] = light;
      const bool brakes = follower_.expert(state) == Follower::kBrake;
      sample.group.data_ptr<std::int64_t>()[i] = (brakes ? 2 : 0) + ((light > 0.0F) == brakes);
    }
  }

 private:
  static constexpr const char* kWorld = "brake_light";
  static constexpr const char* kLight = "brake_light";
  static constexpr const char* kTraffic = "traffic";
  static constexpr std::int64_t kDistance = 0;
  static constexpr std::int64_t kSpeed = 1;
  static constexpr std::int64_t kLead = 2;
  static constexpr std::int64_t kInputs = 4;

  [[nodiscard]] FollowerState state_of(const Episodes& episodes, std::int64_t i) const {
    const auto whole = [&](std::int64_t s, std::int64_t low, std::int64_t high) {
      return std::clamp(static_cast<std::int64_t>(episodes.values(s)[i]), low, high);
    };
    return {whole(kDistance, 1, options_.farthest), whole(kSpeed, 0, options_.fastest),
            episodes.values(kLead)[i] > 0.5};
  }

  /// Distance, speed and whether the lead car drives, each in [-1, 1].
  [[nodiscard]] std::array<float, kInputs - 1> scaled(const FollowerState& state) const {
    const auto share = [](std::int64_t value, std::int64_t most) {
      return 2.0F * static_cast<float>(value) / static_cast<float>(most) - 1.0F;
    };
    return {share(state.distance, options_.farthest), share(state.speed, options_.fastest),
            state.lead_drives ? 1.0F : -1.0F};
  }

  /// The light of each episode: +1 lit, -1 not.
  [[nodiscard]] std::vector<float> shown(const EpisodePlace& place, const Episodes& episodes,
                                         const Intervention& intervention) const {
    const double broken = domains_.shift(place.domain);
    const RandomStream draws(episodes_key(place).child("light"));
    std::vector<float> out(episodes.number.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::int64_t number = episodes.number[i];
      const std::int64_t lane = 3 * episodes.step[i];
      int light = episodes.last_action[i] == Follower::kBrake ? 1 : -1;
      if (broken > 0.0 && draws.uniform(number, lane) < broken) {
        light = draws.uniform(number, lane + 1) < 0.5 ? 1 : -1;
      }
      if (intervention.acts_on(kLight)) {
        const int coin = draws.uniform(number, lane + 2) < 0.5 ? 1 : -1;
        const FollowerState state = state_of(episodes, static_cast<std::int64_t>(i));
        const int brakes = follower_.expert(state) == Follower::kBrake ? 1 : -1;
        light = intervened(light, brakes, coin, intervention);
      }
      out[i] = static_cast<float>(light);
    }
    return out;
  }

  void describe() {
    set_actions({"brake", "keep", "drive"});
    info_.title = "A car with a light that shows that it braked";
    info_.citation =
        "spurion; the example of de Haan, Jayaraman, Levine 2019, \"Causal Confusion in Imitation "
        "Learning\", arXiv:1905.11979";
    info_.mechanism = fmt::format(
        "speed v <- v - 1 (brake), v (keep) or v + 1 (drive), in 0..{1}\n"
        "the lead car stands or drives with speed {1}: it stops with probability {2} a step and "
        "drives on with probability {3}\n"
        "distance d <- min(d + speed of the lead car - v, {0}); a crash where d < 1\n"
        "start: v = 0, the lead car stands, d uniform in {4}..{0}\n"
        "reward: v / {1} a step, -{5} at a crash, which ends the episode; {6} steps\n"
        "expert: brakes where it could not stop in time after a step of driving, else drives\n"
        "light = +1 if the last action was to brake, else -1; with probability e a fair coin\n"
        "x = (d, v, lead car drives, light), each scaled to [-1, 1]",
        options_.farthest, options_.fastest, options_.stops, options_.drives_on,
        Follower::kNearestStart, options_.crash_cost, options_.horizon);
    info_.deviations =
        "The source describes the example in words, with images. Cars, lane and dial are ours.";
    info_.groups = 4;
    info_.group_names = {"drives, light lit", "drives, light off", "brakes, light off",
                         "brakes, light lit"};
    info_.input_shape = {kInputs * (options_.graph_inputs ? 2 : 1)};
    info_.cue = kLight;
    info_.causal = kTraffic;
    info_.graph = {
        {{"past_traffic", Role::hidden, "distance and speeds before the last action"},
         {"previous_action", Role::hidden, "the action that was taken before"},
         {"lead_car", Role::noise, "whether the lead car stops or drives on"},
         {kTraffic, Role::causal, "distance, own speed, and whether the lead car drives"},
         {"fault", Role::noise, "at which steps the light is broken, and what it shows then"},
         {kLight, Role::spurious, "+1 after braking, else -1; a fair coin with probability e"},
         {"action", Role::label, "what the expert does"},
         {"observation", Role::observed, "traffic and light"}},
        {{"past_traffic", "previous_action"},
         {"past_traffic", kTraffic},
         {"previous_action", kTraffic},
         {"lead_car", kTraffic},
         {"previous_action", kLight},
         {"fault", kLight},
         {kTraffic, "action"},
         {kTraffic, "observation"},
         {kLight, "observation"}}};
    info_.shift_axis.name = "e";
    info_.shift_axis.doc = "share of steps at which the light is broken and shows a fair coin";
    info_.shift_axis.mixture =
        ShiftAxis::Mixture{Intervention::none(), Intervention::resample(kLight)};
    acting_.state = {"distance", "speed", "lead_drives"};
    acting_.horizon = options_.horizon;
    acting_.reward = "the share of the largest speed a step, and the cost of a crash";
    acting_.goal = "no crash until the last step";
    acting_.proxy = "never: the light points to no place";
    if (options_.graph_inputs) acting_.graph_inputs = {{0}, {1}, {2}, {3}};
  }

  Options options_;
  Follower follower_;
};

}  // namespace

void register_brake_light(Catalog& catalog);
void register_brake_light(Catalog& catalog) {
  catalog.environments.add<BrakeLight>(
      "brake_light", "A car follows another; a light shows that it braked itself.",
      "after de Haan et al. 2019, arXiv:1905.11979");
}

}  // namespace spurion::environments
