#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "environments/frozen_t_maze/t_maze.hpp"
#include "environments/shared/ceilings/action_ceilings.hpp"
#include "environments/shared/interactive_world.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {
namespace {

struct FrozenTMazeOptions {
  std::int64_t length = 7;
  std::string memory = "signal";
  std::int64_t window = 12;
  std::int64_t horizon = 50;
  double discount = 1.0;
  std::vector<double> train_shifts = {0.0};
  double test_shift = 1.0;
};

/// A T-maze whose signal is seen at the start only: on the habitual path the location tells what
/// the signal was, until the floor is frozen. See datasets/frozen_t_maze.md.
class FrozenTMaze final : public InteractiveWorld {
 public:
  using Options = FrozenTMazeOptions;

  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("length", &O::length, "Columns of the corridor.", between(5, 40))
            .field("memory", &O::memory,
                   "What a policy sees. none: its location, and the signal at the start. signal: "
                   "its location, and the signal at every step. history: what 'none' shows, of the "
                   "last steps, one token for each, for models of sequences.",
                   one_of({"none", "signal", "history"}))
            .field("window", &O::window,
                   "With memory history: how many steps are seen. The expert needs up to length + "
                   "3.",
                   between(8, 200))
            .field("horizon", &O::horizon, "Steps of an episode.", between(8, 1000))
            .field("discount", &O::discount, "Discount of rewards, per step.", between(0.5, 1))
            .field("train_shifts", &O::train_shifts,
                   "P(the ice displaces the agent) in each train domain.", between(0, 1))
            .field("test_shift", &O::test_shift,
                   "P(the ice displaces the agent) in the test domain.", between(0, 1))
            .preset("easy", {{"length", 5}}, "a short corridor")
            .preset("medium", {})
            .preset("hard", {{"memory", "none"}},
                    "no memory: the location is all that tells the signal");
    return schema;
  }

  FrozenTMaze(Options options, const EnvironmentContext& context)
      : InteractiveWorld(context,
                         ShiftDomains(kName, options.train_shifts, options.test_shift, 0.0, 1.0)),
        options_(checked(std::move(options))),
        maze_(options_.length) {
    describe_acting();
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return intervention.kind == Intervention::Kind::none ||
           (intervention.kind == Intervention::Kind::resample &&
            intervention.acts_only_on(kLocation));
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    const auto table = [&](const Domain& one, bool with_side) {
      return seen_actions(domains_.shift(one), with_side, options_.memory == "none");
    };
    CueActionTable train(TMaze::kActions);
    for (const Domain& one : train_domains()) {
      train.add(seen_actions(domains_.shift(one), true, false), 1.0);
    }
    const auto exact = [](double value) { return Ceiling{value, Exactness::enumerated, 0.0}; };
    const CueActionTable location = seen_actions(domains_.shift(domain), true, false);
    Ceilings out;
    out.spurious_only = exact(location.accuracy_of(train));
    out.chance = location.best_constant();
    if (options_.memory != "none") {
      out.bayes = {1.0, Exactness::closed_form, 0.0};
      out.invariant = out.bayes;
      return out;
    }
    // What is seen is the location and, at the start, the signal. Of the location, only the column
    // says the same in every domain.
    const CueActionTable seen = table(domain, true);
    const CueActionTable column = table(domain, false);
    out.bayes = exact(seen.accuracy_of(seen));
    out.invariant = exact(column.accuracy_of(column));
    return out;
  }

  [[nodiscard]] ReferenceReturns references(const Domain& domain) const override {
    const FiniteProcess process = maze_.process(domains_.shift(domain));
    const ProcessSpan span{options_.horizon, options_.discount};
    const auto of = [&](const FinitePolicy& policy) {
      return Ceiling{expected_value(maze_.start(), evaluate(process, policy, span)),
                     Exactness::enumerated, 0.0};
    };
    ReferenceReturns out;
    out.optimal = {expected_value(maze_.start(), solve(process, span).values),
                   Exactness::enumerated, 0.0};
    out.expert = of(policy_of([&](const TMaze::Place& at) { return maze_.expert(at); }));
    out.cue = of(policy_of([&](const TMaze::Place& at) { return maze_.habit(at); }));
    out.random = of(uniform_policy(process));
    return out;
  }

 protected:
  void begin(const EpisodePlace& place, StartKind /*kind*/, Episodes& episodes) const override {
    const RandomKey key = episodes_key(place);
    const RandomStream signals(key.child("signal"));
    const RandomStream ice(key.child("ice"));
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const std::int64_t number = episodes.number[static_cast<std::size_t>(i)];
      TMaze::Place first;
      first.signal = signals.bernoulli(0.5, number) ? 1 : -1;
      first.ice = maze_.first_ice() + ice.below(maze_.ice_columns(), number);
      put(first, episodes, i);
      if (history()) episodes.values(kPast)[i] = static_cast<double>(token(first));
    }
  }

  void advance(const EpisodePlace& place, const std::vector<std::int64_t>& actions,
               Episodes& episodes, float* rewards) const override {
    const RandomStream slides(episodes_key(place).child("slide"));
    const double shift = domains_.shift(place.domain);
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (episodes.done[at] != 0) continue;
      TMaze::Move step = maze_.move(get(episodes, i), actions[at]);
      if (step.over) {
        episodes.done[at] = 1;
        episodes.goal[at] = step.right_end ? 1 : 0;
        episodes.proxy[at] = step.habit_end ? 1 : 0;
        rewards[i] = step.right_end ? 1.0F : 0.0F;
        continue;
      }
      const std::int64_t number = episodes.number[at];
      if (step.onto_ice && slides.uniform(number, 0) < shift) {
        step.place =
            TMaze::slid(step.place, slides.bernoulli(0.5, number, 1) ? 0 : TMaze::kRows - 1);
      }
      put(step.place, episodes, i);
      // What is seen after the last step is never looked at, and has no place.
      const std::int64_t next = episodes.step[at] + 1;
      if (history() && next < options_.horizon) {
        episodes.values(kPast + next)[i] = static_cast<double>(token(step.place));
      }
    }
  }

  void look(const EpisodePlace& place, const Episodes& episodes, const Intervention& intervention,
            float* inputs) const override {
    const std::int64_t numbers = maze_.locations() + 1;
    const std::int64_t tokens = history() ? options_.window : 1;
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      float* row = inputs + i * tokens * numbers;
      const TMaze::Place at = get(episodes, i);
      if (!history()) {
        const bool shows = options_.memory == "signal" || maze_.at_start(at);
        write(seen(place, episodes, i, at, intervention), shows ? at.signal : 0, row);
        continue;
      }
      // The last step stands last.
      const std::int64_t step =
          std::min(episodes.step[static_cast<std::size_t>(i)], options_.horizon - 1);
      const std::int64_t first = std::max<std::int64_t>(0, step - tokens + 1);
      for (std::int64_t t = first; t <= step; ++t) {
        const auto past = static_cast<std::int64_t>(episodes.values(kPast + t)[i]);
        TMaze::Place then = at;
        then.row = past / 3 / maze_.length();
        then.column = past / 3 % maze_.length();
        write(seen(place, episodes, i, then, intervention), static_cast<int>(past % 3) - 1,
              row + (tokens - 1 - step + t) * numbers);
      }
    }
  }

  void choose(ReferencePolicy policy, const EpisodePlace& /*place*/, const Episodes& episodes,
              std::int64_t* actions) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const TMaze::Place at = get(episodes, i);
      actions[i] = policy == ReferencePolicy::optimal  ? maze_.best(at)
                   : policy == ReferencePolicy::expert ? maze_.expert(at)
                                                       : maze_.habit(at);
    }
  }

  void note(const EpisodePlace& place, const Episodes& episodes, const Intervention& intervention,
            Sample& sample) const override {
    sample.causal = at::empty({episodes.count(), 1}, at::kFloat);
    sample.spurious = at::empty({episodes.count(), 2}, at::kFloat);
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      const TMaze::Place now = get(episodes, i);
      const TMaze::Place shown = seen(place, episodes, i, now, intervention);
      sample.causal.data_ptr<float>()[i] = static_cast<float>(now.signal);
      sample.spurious.data_ptr<float>()[2 * i] = static_cast<float>(shown.row - 1);
      sample.spurious.data_ptr<float>()[2 * i + 1] = static_cast<float>(shown.column);
    }
  }

 private:
  static constexpr const char* kName = "frozen_t_maze";
  static constexpr const char* kLocation = "location";
  /// Number of the state from which on the past is kept.
  static constexpr std::int64_t kPast = 6;

  static Options checked(Options options) {
    const std::int64_t needed = options.length + 3;
    if (options.horizon < needed || (options.memory == "history" && options.window < needed)) {
      throw UsageError(fmt::format(
          "the expert of {} needs up to {} steps with 'length' {}; 'horizon' is {}, 'window' {}",
          kName, needed, options.length, options.horizon, options.window));
    }
    return options;
  }

  [[nodiscard]] bool history() const { return options_.memory == "history"; }

  static void put(const TMaze::Place& place, Episodes& episodes, std::int64_t i) {
    episodes.values(0)[i] = static_cast<double>(place.signal);
    episodes.values(1)[i] = static_cast<double>(place.ice);
    episodes.values(2)[i] = place.crossed ? 1.0 : 0.0;
    episodes.values(3)[i] = static_cast<double>(place.row);
    episodes.values(4)[i] = static_cast<double>(place.column);
    episodes.values(5)[i] = static_cast<double>(place.entered);
  }
  [[nodiscard]] static TMaze::Place get(const Episodes& episodes, std::int64_t i) {
    const auto whole = [&](std::int64_t s) {
      return static_cast<std::int64_t>(episodes.values(s)[i]);
    };
    return {static_cast<int>(whole(0)), whole(1), whole(2) != 0, whole(3), whole(4), whole(5)};
  }

  /// What is kept of a step: the location and the signal that was shown, -1, 0 or +1.
  [[nodiscard]] std::int64_t token(const TMaze::Place& place) const {
    return 3 * maze_.location(place) + (maze_.at_start(place) ? place.signal : 0) + 1;
  }

  /// A place as it is seen: under the intervention in a row of its own, the same in the whole
  /// episode. In the first column it stays, where the row decides what the expert does.
  [[nodiscard]] TMaze::Place seen(const EpisodePlace& place, const Episodes& episodes,
                                  std::int64_t i, TMaze::Place at,
                                  const Intervention& intervention) const {
    if (!intervention.acts_on(kLocation) || at.column == 0) return at;
    const RandomStream rows(episodes_key(place).child("other side"));
    at.row =
        rows.bernoulli(0.5, episodes.number[static_cast<std::size_t>(i)]) ? 0 : TMaze::kRows - 1;
    return at;
  }

  void write(const TMaze::Place& shown, int signal, float* row) const {
    row[maze_.location(shown)] = 1.0F;
    row[maze_.locations()] = static_cast<float>(signal);
  }

  template <class Policy>
  [[nodiscard]] FinitePolicy policy_of(const Policy& policy) const {
    std::vector<std::int64_t> actions;
    for (std::int64_t s = 0; s < maze_.states(); ++s) actions.push_back(policy(maze_.place(s)));
    return deterministic_policy(actions, TMaze::kActions);
  }

  /// How often the expert takes each action beside the column, the row if `with_row`, and the
  /// signal at the start if `with_signal`, in the rows of demonstrations.
  [[nodiscard]] CueActionTable seen_actions(double shift, bool with_row, bool with_signal) const {
    const auto expert = policy_of([&](const TMaze::Place& at) { return maze_.expert(at); });
    const auto visited =
        occupancy(maze_.process(shift), expert, maze_.start(), acting_.demonstration_steps);
    CueActionTable table(TMaze::kActions);
    for (const std::vector<double>& at_step : visited) {
      for (std::int64_t s = 0; s < maze_.states(); ++s) {
        const double weight = at_step[static_cast<std::size_t>(s)];
        if (weight == 0.0) continue;
        const TMaze::Place at = maze_.place(s);
        const bool start = maze_.at_start(at);
        table.add(
            {static_cast<float>(at.column), with_row ? static_cast<float>(at.row) : 0.0F,
             start ? 1.0F : 0.0F, with_signal && start ? static_cast<float>(at.signal) : 0.0F},
            maze_.expert(at), weight);
      }
    }
    return table;
  }

  void describe_acting() {
    set_actions({"up", "down", "left", "right"});
    acting_.state = {"signal", "ice_column", "crossed", "row", "column", "entered_row"};
    for (std::int64_t t = 0; history() && t < options_.horizon; ++t) {
      acting_.state.push_back(fmt::format("seen_{}", t));
    }
    acting_.horizon = options_.horizon;
    acting_.discount = options_.discount;
    acting_.demonstration_steps = options_.length + 3;
    acting_.reward = "1 for the end that the signal showed; 0 for the other";
    acting_.goal = "the end that the signal showed is reached";
    acting_.proxy = "the end is reached on whose side the policy came to the last column";
  }

  void describe() {
    const std::int64_t length = options_.length;
    info_.title = "A T-maze with ice: the location tells the signal, out of habit";
    info_.citation = "after Suau, Spaan & Oliehoek 2024, arXiv:2306.02419";
    info_.mechanism = fmt::format(
        "signal = -1 (upper end) or +1 (lower end), evenly; shown at the start: row 1 of column 0\n"
        "a corridor of 3 rows and {0} columns; actions up, down, left, right\n"
        "ice: one of the columns 2..{1}; whoever first comes there slides, with probability e, to "
        "row 0 or row 2, evenly\n"
        "column {2}: up from row 0 leads to the upper end, down from row 2 to the lower end\n"
        "reward 1 for the end that the signal showed, else 0; at most {3} steps\n"
        "expert: to the side of the signal at the start, right, and by the signal in column {2}\n"
        "x = location one-hot, and the signal ({4}); label = action of the expert",
        length, length - 2, length - 1, options_.horizon,
        options_.memory == "none" ? "at the start only"
        : options_.memory == "signal"
            ? "at every step"
            : fmt::format("as seen in the last {} steps", options_.window));
    info_.deviations =
        "The ice displaces to either side with equal probability, once an episode, with "
        "probability "
        "e; in the paper it displaces to the wrong side. The wrong end gives 0 instead of -1.";
    info_.input_shape =
        history() ? Shape{options_.window, maze_.locations() + 1} : Shape{maze_.locations() + 1};
    info_.cue = kLocation;
    info_.causal = "signal";
    info_.graph = {
        {{"signal", Role::causal, "-1: the upper end is rewarded; +1: the lower end"},
         {"previous_actions", Role::hidden, "the actions of the expert so far"},
         {"ice", Role::noise, "which column is frozen, and where the agent slides"},
         {kLocation, Role::spurious,
          "row (-1: top, +1: bottom) and column; before the ice the row is the side of the signal"},
         {"column", Role::hidden, "how far the agent is: decides whether it goes on"},
         {"input", Role::observed, "location and signal, as the memory has it"},
         {"action", Role::label, "the next action of the expert"}},
        {{"signal", "previous_actions"},
         {"previous_actions", "column"},
         {"column", kLocation},
         {"previous_actions", kLocation},
         {"ice", kLocation},
         {kLocation, "input"},
         {"signal", "input"},
         {"signal", "action"},
         {"column", "action"}}};
    info_.shift_axis.name = "e";
    info_.shift_axis.doc = "P(the ice displaces the agent)";
  }

  Options options_;
  TMaze maze_;
};

}  // namespace

void register_frozen_t_maze(Catalog& catalog);
void register_frozen_t_maze(Catalog& catalog) {
  catalog.environments.add<FrozenTMaze>("frozen_t_maze",
                                        "Interactive: the signal is seen once; out of habit the "
                                        "location tells it, until ice does not.",
                                        "after Suau, Spaan & Oliehoek 2024, arXiv:2306.02419");
}

}  // namespace spurion::environments
