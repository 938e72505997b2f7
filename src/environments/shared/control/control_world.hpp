#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "environments/shared/ceilings/action_ceilings.hpp"
#include "environments/shared/interactive_world.hpp"
#include "spurion/schema.hpp"

/// \file
/// What classic-control worlds share in which the previous action is shown (de Haan et al. 2019).

namespace spurion::environments {

/// Options of every such world.
struct ControlOptions {
  std::string observe = "confounded";
  bool graph_inputs = false;
  std::vector<double> train_shifts = {0.0};
  double test_shift = 1.0;

  static const Schema<ControlOptions>& schema();
};

/// A world whose last input shows the previous action. The dial is the share of steps at which it
/// shows a random action instead. A derived class says how its state moves, what is seen of it and
/// what expert and optimal policy do, and completes `info_` and `acting_`.
class ControlWorld : public InteractiveWorld {
 public:
  [[nodiscard]] bool supports(const Intervention& intervention) const final;
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const final;
  [[nodiscard]] ReferenceReturns references(const Domain& domain) const final;

 protected:
  /// What a world says of itself for `describe_control`.
  struct Facts {
    std::vector<std::string> actions;  ///< in the order of their codes, from -1 to +1
    /// Names of the groups of inputs without the shown action, and the number of inputs of each.
    std::vector<std::pair<std::string, std::int64_t>> inputs;
    std::string state_doc;   ///< of the causal variable, one sentence
    std::int64_t first = 0;  ///< the action of the cue policy before any action was shown
  };

  static constexpr const char* kShown = "shown_action";
  static constexpr const char* kState = "state";

  ControlWorld(const EnvironmentContext& context, const std::string& name,
               const ControlOptions& options);

  /// Sets the actions, the input shape, the groups, the graph, the cue and the dial.
  void describe_control(const Facts& facts);

  /// Writes the numbers that are seen of the state of each episode, `inputs()` of them, at
  /// `inputs`, `inputs + stride`, ...; all of unit order.
  virtual void look_at_state(const Episodes& episodes, std::int64_t stride,
                             float* inputs) const = 0;
  /// The action of the expert or of the optimal policy in each episode.
  virtual void control(ReferencePolicy policy, const Episodes& episodes,
                       std::int64_t* actions) const = 0;
  /// The mean return of the optimal, expert or random policy: none of them sees the shown action.
  /// default: simulated.
  [[nodiscard]] virtual Ceiling policy_return(ReferencePolicy policy) const;
  /// How far the best prediction from the inputs may be below 1, since they hide a part of the
  /// state that the expert knows: found from demonstration rows. default: 0.
  [[nodiscard]] virtual double hidden_bound(const Sample& rows) const;
  /// Numbers that are seen of the state.
  [[nodiscard]] std::int64_t inputs() const { return seen_; }

  void look(const EpisodePlace& place, const Episodes& episodes, const Intervention& intervention,
            float* inputs) const final;
  void choose(ReferencePolicy policy, const EpisodePlace& place, const Episodes& episodes,
              std::int64_t* actions) const final;
  void note(const EpisodePlace& place, const Episodes& episodes, const Intervention& intervention,
            Sample& sample) const final;

  /// Episodes that a return is simulated from.
  static constexpr std::int64_t kSimulated = 2000;
  /// Demonstration rows that are counted for ceilings.
  static constexpr std::int64_t kCounted = 8192;

 private:
  /// The code of an action: evenly from -1 to +1. 0 stands for none.
  [[nodiscard]] float code(std::int64_t action) const;
  /// [N] the last input of each episode.
  [[nodiscard]] std::vector<float> shown(const EpisodePlace& place, const Episodes& episodes,
                                         const Intervention& intervention) const;

  bool shows_;         ///< whether the shown action is among the inputs
  bool graph_inputs_;  ///< whether a mask follows the inputs
  std::int64_t seen_ = 0;
  std::int64_t first_ = 0;
  /// [A] shares of the expert's actions beside each shown code.
  using Cells = std::map<float, std::vector<double>>;
  /// What was counted on rows without random actions. Rows of every domain follow from it.
  struct Counted {
    Cells cells;
    std::vector<double> actions;  ///< [A] shares
    double hidden = 0.0;          ///< `hidden_bound`
  };
  [[nodiscard]] const Counted& counted() const;
  /// Of the rows where this share of steps shows a random action.
  [[nodiscard]] Cells rows_at(double shift) const;
  /// The score, in the rows `here`, of the best predictor from the shown action in the rows
  /// `train`. Actions that the counts cannot tell apart are taken equally often; the error says
  /// what they are apart.
  [[nodiscard]] Ceiling shown_only(const Cells& here, const Cells& train) const;

  mutable std::once_flag count_once_;
  mutable Counted counted_;
  mutable std::mutex mutex_;
  mutable std::optional<std::array<Ceiling, 3>> blind_;  ///< optimal, expert, random
  mutable std::map<double, Ceiling> cue_;                ///< by the shift
};

}  // namespace spurion::environments
