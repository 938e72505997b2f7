// A plug-in with an environment that answers to actions: two lamps, one of which burns with the
// side that is right.
#include "spurion/interactive.hpp"
#include "spurion/plugin.hpp"

namespace {

using spurion::EpisodePlace;
using spurion::Episodes;
using spurion::Intervention;

struct TwoLampsOptions {
  std::int64_t horizon = 4;
};

/// At each of `horizon` steps one of two sides is right, drawn evenly. The true lamp shows it, the
/// other lamp shows it with probability 1 - e. The reward of a step is 1 / horizon for the right
/// side.
class TwoLamps final : public spurion::InteractiveEnvironment {
 public:
  using Options = TwoLampsOptions;
  static const spurion::Schema<Options>& schema() {
    static const auto schema = spurion::Schema<Options>().field(
        "horizon", &Options::horizon, "Steps of an episode.", spurion::between(1, 100));
    return schema;
  }

  TwoLamps(const Options& options, const spurion::EnvironmentContext& context)
      : key_(spurion::RandomKey(context.data_seed).child("two_lamps")) {
    info_.name = "two_lamps";
    info_.title = "Two lamps";
    info_.citation = "none";
    info_.mechanism = "x = (true lamp, other lamp); other = true with probability 1 - e";
    info_.task = spurion::Task::multiclass;
    info_.outputs = 2;
    info_.input_shape = {2};
    info_.cue = "other_lamp";
    info_.causal = "true_lamp";
    info_.graph = {{{"true_lamp", spurion::Role::causal, "the right side: -1 or +1"},
                    {"other_lamp", spurion::Role::spurious, "the same with probability 1 - e"},
                    {"action", spurion::Role::label, "what the expert does"},
                    {"input", spurion::Role::observed, "both lamps"}},
                   {{"true_lamp", "other_lamp"},
                    {"true_lamp", "action"},
                    {"true_lamp", "input"},
                    {"other_lamp", "input"}}};
    info_.shift_axis.name = "e";
    info_.shift_axis.doc = "P(the other lamp shows the wrong side)";
    info_.shift_axis.points = {0.0, 0.5, 1.0};
    acting_.actions = {"left", "right"};
    acting_.state = {"side", "wrong"};
    acting_.horizon = options.horizon;
    acting_.reward = "1 / horizon for the side of the true lamp";
    acting_.goal = "the last action is right";
    acting_.proxy = "the last action is on the side of the other lamp";
  }

  [[nodiscard]] const spurion::EnvironmentInfo& info() const override { return info_; }
  [[nodiscard]] const spurion::InteractiveInfo& acting() const override { return acting_; }
  [[nodiscard]] std::vector<spurion::Domain> train_domains() const override {
    return {spurion::Domain::train(0, 0.0)};
  }
  [[nodiscard]] spurion::Domain test_domain() const override { return spurion::Domain::test(1.0); }
  [[nodiscard]] spurion::Domain at(double shift) const override {
    if (shift < 0.0 || shift > 1.0) throw spurion::UsageError("two_lamps: e is in [0, 1]");
    return spurion::Domain::at(shift);
  }
  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return intervention.kind == Intervention::Kind::none ||
           (intervention.kind == Intervention::Kind::flip && intervention.acts_only_on(info_.cue));
  }
  [[nodiscard]] spurion::Ceilings ceilings(const spurion::Domain& domain) const override {
    spurion::Ceilings out;
    out.bayes = out.invariant = exact(1.0);
    out.spurious_only = exact(1.0 - domain.shift);
    out.chance = 0.5;
    return out;
  }
  [[nodiscard]] spurion::ReferenceReturns references(const spurion::Domain& domain) const override {
    return {exact(1.0), exact(1.0), exact(1.0 - domain.shift), exact(0.5)};
  }

 protected:
  void begin(const EpisodePlace& place, spurion::StartKind /*kind*/,
             Episodes& episodes) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i) light(place, 0, episodes, i);
  }
  void advance(const EpisodePlace& place, const std::vector<std::int64_t>& actions,
               Episodes& episodes, float* rewards) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (episodes.done[at] != 0) continue;
      const bool right = actions[at] == side(episodes, i);
      rewards[i] = right ? 1.0F / static_cast<float>(acting_.horizon) : 0.0F;
      episodes.goal[at] = right ? 1 : 0;
      episodes.proxy[at] = actions[at] == shown(episodes, i) ? 1 : 0;
      light(place, episodes.step[at] + 1, episodes, i);
    }
  }
  void look(const EpisodePlace& /*place*/, const Episodes& episodes,
            const Intervention& intervention, float* inputs) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      *inputs++ = static_cast<float>(2 * side(episodes, i) - 1);
      *inputs++ = cue(episodes, i, intervention);
    }
  }
  void choose(spurion::ReferencePolicy policy, const EpisodePlace& /*place*/,
              const Episodes& episodes, std::int64_t* actions) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      actions[i] = policy == spurion::ReferencePolicy::cue ? shown(episodes, i) : side(episodes, i);
    }
  }
  void note(const EpisodePlace& /*place*/, const Episodes& episodes,
            const Intervention& intervention, spurion::Sample& sample) const override {
    sample.causal = at::empty({episodes.count(), 1}, at::kFloat);
    sample.spurious = at::empty({episodes.count(), 1}, at::kFloat);
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      sample.causal.data_ptr<float>()[i] = static_cast<float>(2 * side(episodes, i) - 1);
      sample.spurious.data_ptr<float>()[i] = cue(episodes, i, intervention);
    }
  }
  [[nodiscard]] spurion::RandomKey episodes_key(const EpisodePlace& place) const override {
    return key_.child(place.domain.key).child(spurion::split_name(place.split));
  }

 private:
  static spurion::Ceiling exact(double value) {
    return {value, spurion::Exactness::closed_form, 0.0};
  }
  static std::int64_t side(const Episodes& episodes, std::int64_t i) {
    return episodes.values(0)[i] > 0.0 ? 1 : 0;
  }
  /// The side that the other lamp shows.
  static std::int64_t shown(const Episodes& episodes, std::int64_t i) {
    return episodes.values(1)[i] > 0.0 ? 1 - side(episodes, i) : side(episodes, i);
  }
  static float cue(const Episodes& episodes, std::int64_t i, const Intervention& intervention) {
    const bool flipped = intervention.kind == Intervention::Kind::flip;
    return static_cast<float>((2 * shown(episodes, i) - 1) * (flipped ? -1 : 1));
  }
  /// Draws both lamps of a step.
  void light(const EpisodePlace& place, std::int64_t step, Episodes& episodes,
             std::int64_t i) const {
    const std::int64_t number = episodes.number[static_cast<std::size_t>(i)];
    const spurion::RandomKey key = episodes_key(place);
    const spurion::RandomStream sides(key.child("side"));
    const spurion::RandomStream wrong(key.child("wrong"));
    episodes.values(0)[i] = sides.bernoulli(0.5, number, step) ? 1.0 : 0.0;
    episodes.values(1)[i] = wrong.bernoulli(place.domain.shift, number, step) ? 1.0 : 0.0;
  }

  spurion::EnvironmentInfo info_;
  spurion::InteractiveInfo acting_;
  spurion::RandomKey key_;
};

void add(spurion::Catalog& catalog) {
  catalog.environments.add<TwoLamps>("two_lamps", "Interactive: one of two lamps is right.",
                                     "none");
}

}  // namespace

SPURION_PLUGIN(acting_lab, "1.0", add)
