#include <fmt/format.h>

#include <utility>

#include "environments/shared/interactive_world.hpp"
#include "environments/traffic_world/traffic_road.hpp"
#include "spurion/catalog.hpp"

namespace spurion::environments {
namespace {

struct TrafficWorldOptions {
  double switching = 0.25;
  double light_noise = 0.2;
  std::vector<double> train_shifts = {0.0};
  double test_shift = 1.0;
};

/// A road with a traffic light and a lead car, which in training goes when the light is green. See
/// datasets/traffic_world.md.
class TrafficWorld final : public InteractiveWorld {
 public:
  using Options = TrafficWorldOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("switching", &O::switching, "P(the light changes) in a step.", between(0.1, 0.9))
            .field("light_noise", &O::light_noise,
                   "P(what is seen of the light is a fair coin) in a step.", between(0, 1))
            .field("train_shifts", &O::train_shifts,
                   "P(the lead car goes by a fair coin, whatever the light is) in each train "
                   "domain, in a step.",
                   between(0, 1))
            .field("test_shift", &O::test_shift,
                   "P(the lead car goes by a fair coin, whatever the light is) in the test "
                   "domain, in a step.",
                   between(0, 1))
            .preset("easy", {{"light_noise", 0.0}}, "the light is always seen")
            .preset("medium", {})
            .preset("hard", {{"light_noise", 0.6}}, "the lead car tells more than the light");
    return schema;
  }

  TrafficWorld(const Options& options, const EnvironmentContext& context)
      : InteractiveWorld(context, ShiftDomains(kWorld, options.train_shifts, options.test_shift)),
        options_(options),
        rules_{options.switching, options.light_noise, kSteps} {
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    using Kind = Intervention::Kind;
    if (intervention.kind == Kind::none) return true;
    if (!intervention.acts_only_on(kCue)) return false;
    return intervention.kind == Kind::flip || intervention.kind == Kind::resample ||
           (intervention.kind == Kind::set &&
            (intervention.value == 0.0 || intervention.value == 1.0));
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    const auto exact = [](double value) { return Ceiling{value, Exactness::enumerated, 0.0}; };
    const TrafficFigures here(rules_, domains_.shift(domain));
    CueActionTable train(kActions);
    for (const double shift : options_.train_shifts) {
      train.add(TrafficFigures(rules_, shift).cues(), 1.0);
    }
    Ceilings out;
    out.bayes = exact(here.seen().accuracy_of(here.seen()));
    // The best from the causes where the lead car tells nothing of the light.
    out.invariant = exact(here.causes().accuracy_of(TrafficFigures(rules_, 1.0).causes()));
    out.spurious_only = exact(here.cues().accuracy_of(train));
    out.chance = here.cues().best_constant();
    return out;
  }

  [[nodiscard]] ReferenceReturns references(const Domain& domain) const override {
    const auto exact = [](double value) { return Ceiling{value, Exactness::enumerated, 0.0}; };
    const TrafficFigures here(rules_, domains_.shift(domain));
    return {exact(here.optimal()), exact(here.expert()), exact(here.cue()), exact(here.random())};
  }

 protected:
  void begin(const EpisodePlace& place, StartKind /*kind*/, Episodes& episodes) const override {
    const RandomStream starts(episodes_key(place).child("start"));
    const double shift = domains_.shift(place.domain);
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const std::int64_t number = episodes.number[static_cast<std::size_t>(i)];
      TrafficState now;
      now.red = starts.uniform(number, 0) < 0.5;
      now.lead_moved = lead_goes(starts, number, 1, shift, now.red);
      put(episodes, i, now);
    }
  }

  void advance(const EpisodePlace& place, const std::vector<std::int64_t>& actions,
               Episodes& episodes, float* rewards) const override {
    const RandomStream steps(episodes_key(place).child("step"));
    const double shift = domains_.shift(place.domain);
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (episodes.done[at] != 0) continue;
      TrafficState now = get(episodes, i);
      const TrafficMove move = traffic_move(now, actions[at] == 1);
      rewards[i] = static_cast<float>(move.reward);
      if (move.over) episodes.done[at] = 1;
      if (move.at_goal) episodes.goal[at] = 1;
      if (move.ran_red) episodes.proxy[at] = 1;
      now.agent = move.agent;
      const std::int64_t number = episodes.number[at];
      const std::int64_t lane = 3 * episodes.step[at];
      if (steps.uniform(number, lane) < options_.switching) now.red = !now.red;
      now.lead_moved = lead_goes(steps, number, lane + 1, shift, now.red);
      if (now.lead_moved && now.lead < kRoadEnd) ++now.lead;
      put(episodes, i, now);
    }
  }

  void look(const EpisodePlace& place, const Episodes& episodes, const Intervention& intervention,
            float* inputs) const override {
    const RandomStream readings(episodes_key(place).child("reading"));
    for (std::int64_t i = 0; i < episodes.count(); ++i, inputs += kInputs) {
      const auto at = static_cast<std::size_t>(i);
      const TrafficState now = get(episodes, i);
      const std::int64_t number = episodes.number[at];
      const std::int64_t lane = 2 * episodes.step[at];
      bool red = now.red;
      if (readings.uniform(number, lane) < options_.light_noise) {
        red = readings.uniform(number, lane + 1) < 0.5;
      }
      inputs[0] = cell(now.agent);
      inputs[1] = cell(kRoadGoal);
      inputs[2] = shown_cue(place, episodes, i, intervention);
      inputs[3] = cell(now.lead);
      inputs[4] = cell(kLightCell);
      inputs[5] = red ? 1.0F : 0.0F;
    }
  }

  void choose(ReferencePolicy policy, const EpisodePlace& /*place*/, const Episodes& episodes,
              std::int64_t* actions) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const TrafficState now = get(episodes, i);
      const bool goes = policy == ReferencePolicy::cue ? now.lead_moved : may_go(now);
      actions[i] = goes ? 1 : 0;
    }
  }

  void note(const EpisodePlace& place, const Episodes& episodes, const Intervention& intervention,
            Sample& sample) const override {
    const std::int64_t number = episodes.count();
    sample.causal = at::empty({number, 1}, at::kFloat);
    sample.spurious = at::empty({number, 1}, at::kFloat);
    sample.group = at::empty({number}, at::kLong);
    for (std::int64_t i = 0; i < number; ++i) {
      const float right = may_go(get(episodes, i)) ? 1.0F : 0.0F;
      const float cue = shown_cue(place, episodes, i, intervention);
      sample.causal.data_ptr<float>()[i] = right;
      sample.spurious.data_ptr<float>()[i] = cue;
      sample.group.data_ptr<std::int64_t>()[i] = right == cue ? 1 : 0;
    }
  }

 private:
  static constexpr const char* kWorld = "traffic_world";
  static constexpr const char* kCue = "lead_moved";
  static constexpr const char* kCause = "may_go";
  static constexpr std::int64_t kSteps = 30;
  static constexpr std::int64_t kActions = 2;
  static constexpr std::int64_t kInputs = 6;

  static float cell(int number) {
    return static_cast<float>(number) / static_cast<float>(kRoadEnd);
  }

  static bool lead_goes(const RandomStream& draws, std::int64_t number, std::int64_t lane,
                        double shift, bool red) {
    return draws.uniform(number, lane) < shift ? draws.uniform(number, lane + 1) < 0.5 : !red;
  }

  static void put(Episodes& episodes, std::int64_t i, const TrafficState& now) {
    episodes.values(0)[i] = now.agent;
    episodes.values(1)[i] = now.lead;
    episodes.values(2)[i] = now.lead_moved ? 1.0 : 0.0;
    episodes.values(3)[i] = now.red ? 1.0 : 0.0;
  }
  static TrafficState get(const Episodes& episodes, std::int64_t i) {
    return {static_cast<int>(episodes.values(0)[i]), static_cast<int>(episodes.values(1)[i]),
            episodes.values(2)[i] != 0.0, episodes.values(3)[i] != 0.0};
  }

  /// What is seen of the movement of the lead car.
  [[nodiscard]] float shown_cue(const EpisodePlace& place, const Episodes& episodes, std::int64_t i,
                                const Intervention& intervention) const {
    const bool moved = episodes.values(2)[i] != 0.0;
    const auto at = static_cast<std::size_t>(i);
    switch (intervention.kind) {
      case Intervention::Kind::flip:
        return moved ? 0.0F : 1.0F;
      case Intervention::Kind::set:
        return static_cast<float>(intervention.value);
      case Intervention::Kind::resample: {
        const RandomStream coins(episodes_key(place).child("resampled cue"));
        return coins.uniform(episodes.number[at], episodes.step[at]) < 0.5 ? 1.0F : 0.0F;
      }
      default:
        return moved ? 1.0F : 0.0F;
    }
  }

  void describe() {
    info_.title = "A traffic light and a lead car";
    info_.citation =
        "Gupta et al. 2023, \"Can Active Sampling Reduce Causal Confusion in Offline "
        "Reinforcement Learning?\", arXiv:2312.17168";
    info_.mechanism = fmt::format(
        "road of cells 1 to {0}; agent at {1}, lead car at {2}; a light at {3}; each step it "
        "changes with probability {4}\n"
        "lead car: goes on if the light is green; with probability s it tosses a fair coin\n"
        "agent: stays or goes on; -1 a step; 10 for passing the light at green; 10 and the end at "
        "cell {0}; -10 and the end for passing at red or running into the lead car\n"
        "may_go = the lead car is two cells ahead or more, or at cell {0} or beyond, and the agent "
        "is not "
        "before a red light\n"
        "x = (agent, goal, lead_moved, lead, light's cell) / {5} but for lead_moved, and the "
        "light, "
        "which is a fair coin with probability {6}",
        kRoadGoal, kRoadStart, kLeadStart, kLightCell, options_.switching, kRoadEnd,
        options_.light_noise);
    info_.deviations =
        "In the source the light has a fixed schedule and the lead car stops at the light only, "
        "so that the light hardly matters to the agent; here the light changes at random and the "
        "lead car goes at green everywhere. The lead car starts one cell further on. The source's "
        "flags are the shift (lead car) and light_noise.";
    info_.groups = 2;
    info_.group_names = {"the lead car misleads", "the lead car is right"};
    info_.input_shape = {kInputs};
    info_.cue = kCue;
    info_.causal = kCause;
    info_.graph = {
        {{"light", Role::hidden, "1: red"},
         {"coin", Role::noise, "whether the lead car ignores the light, and its own choice then"},
         {"lead_motion", Role::hidden, "1: the lead car went on in the last step"},
         {"lead", Role::hidden, "cell of the lead car"},
         {"previous_action", Role::hidden, "the action of the step before"},
         {"agent", Role::hidden, "cell of the agent"},
         {kCause, Role::causal, "1: there is room and no red light"},
         {kCue, Role::spurious, "what is seen of the lead car's motion; 1: it moved"},
         {"reading", Role::noise, "what is seen of the light"},
         {"action", Role::label, "what the expert does: 0 stays, 1 goes on"},
         {"observation", Role::observed, "agent, goal, lead_moved, lead, light's cell, reading"}},
        {{"light", "lead_motion"},
         {"coin", "lead_motion"},
         {"lead_motion", "lead"},
         {"lead_motion", kCue},
         {"previous_action", "agent"},
         {"light", kCause},
         {"lead", kCause},
         {"agent", kCause},
         {kCause, "action"},
         {"light", "reading"},
         {"agent", "observation"},
         {"lead", "observation"},
         {"reading", "observation"},
         {kCue, "observation"}}};
    info_.shift_axis.name = "s";
    info_.shift_axis.doc = "P(the lead car goes by a fair coin, whatever the light is), in a step";
    set_actions({"stay", "go"});
    acting_.state = {"agent", "lead", "lead_moved", "red"};
    acting_.horizon = kSteps;
    acting_.reward = "-1 a step, 10 for the green light and the goal, -10 for red or a crash";
    acting_.goal = "the end of the road is reached";
    acting_.proxy = "the light is passed at red";
  }

  Options options_;
  TrafficRules rules_;
};

}  // namespace

void register_traffic_world(Catalog& catalog);
void register_traffic_world(Catalog& catalog) {
  catalog.environments.add<TrafficWorld>(
      "traffic_world", "A car at a traffic light, behind a lead car that goes when it is green.",
      "after Gupta et al. 2023, arXiv:2312.17168");
}

}  // namespace spurion::environments
