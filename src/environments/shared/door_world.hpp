#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "environments/shared/ceilings/door_ceilings.hpp"
#include "environments/shared/door_beliefs.hpp"
#include "environments/shared/interactive_world.hpp"

namespace spurion::environments {

/// Options of the worlds of doors.
struct SPURION_API DoorWorldOptions {
  DoorLaw law;
  std::int64_t horizon = 50;
  std::string input = "counts";  ///< "counts" or "sequence"
  std::vector<double> train_shifts = {0.0};
  double test_shift = 1.0;
  /// All but `law`.
  static const Schema<DoorWorldOptions>& schema();
};

/// How a policy acts that takes its own past actions as evidence: the reference policy `cue`.
enum class NaiveActing {
  most_likely_door,  ///< as the expert would if the door that it believes in most were the good one
  own_prediction     ///< it draws the next action from its prediction of the expert's
};

/// K doors, one of them good. At each step the policy opens a door, and an observation says, with
/// errors, whether it was the good one. The policy sees all that was opened and observed so far.
///
/// The expert knows the good door, so in its demonstrations the actions of the past tell which it
/// is. The own actions of a learner do not. The shift is the probability with which each past
/// action of a demonstration was replaced by one that opens a random door; the label stays the
/// action of the expert. Episodes of a policy that acts do not depend on the shift.
class SPURION_API DoorWorld : public InteractiveWorld {
 public:
  [[nodiscard]] bool supports(const Intervention& intervention) const override;
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;
  [[nodiscard]] ReferenceReturns references(const Domain& domain) const override;
  [[nodiscard]] std::optional<ExactPredictive> predictive(const EpisodePlace& place,
                                                          const Episodes& episodes) const override;

 protected:
  static constexpr const char* kRecord = "own_actions";
  static constexpr const char* kEvidence = "evidence";

  /// How the environment is registered, and its option that says how often the expert is right.
  struct Names {
    std::string environment;
    std::string expert_option;
  };
  DoorWorld(const EnvironmentContext& context, const Names& names, DoorWorldOptions options,
            NaiveActing naive);

  void begin(const EpisodePlace& place, StartKind kind, Episodes& episodes) const override;
  void advance(const EpisodePlace& place, const std::vector<std::int64_t>& actions,
               Episodes& episodes, float* rewards) const override;
  void look(const EpisodePlace& place, const Episodes& episodes, const Intervention& intervention,
            float* inputs) const override;
  void choose(ReferencePolicy policy, const EpisodePlace& place, const Episodes& episodes,
              std::int64_t* actions) const override;
  void note(const EpisodePlace& place, const Episodes& episodes, const Intervention& intervention,
            Sample& sample) const override;

 private:
  static DoorWorldOptions checked(DoorWorldOptions options, const Names& names);
  void describe();
  /// Numbers of the state: the good door, whether the episode is a demonstration, [K] how often
  /// each door was opened, [K] how often with observation 1; then, for sequences, [T] what each
  /// step opened and saw: 2 * door + observation.
  [[nodiscard]] std::int64_t opened_at(std::int64_t door) const { return 2 + door; }
  [[nodiscard]] std::int64_t ones_at(std::int64_t door) const {
    return 2 + options_.law.doors + door;
  }
  [[nodiscard]] std::int64_t step_at(std::int64_t step) const {
    return 2 + 2 * options_.law.doors + step;
  }
  [[nodiscard]] bool sequence() const { return options_.input == "sequence"; }
  [[nodiscard]] DoorHistory history(const Episodes& episodes, std::int64_t i) const;
  /// The same into `out`, which is reused.
  void read_history(const Episodes& episodes, std::int64_t i, DoorHistory& out) const;
  /// The doors that the record of own actions names when it is resampled, one for each step so far:
  /// those of an expert who was told a door at random.
  [[nodiscard]] std::vector<std::int64_t> resampled_record(const EpisodePlace& place,
                                                           const Episodes& episodes,
                                                           std::int64_t i) const;
  /// [K] probabilities of the next action of the reference policy `cue`, into `action`.
  void naive_action(const DoorHistory& history, std::vector<double>& action) const;
  [[nodiscard]] Ceiling naive_return() const;
  [[nodiscard]] Ceiling exact_naive_return() const;
  /// How well a guess of the good door predicts the action of the expert in a domain, for each of
  /// several guesses.
  [[nodiscard]] std::vector<Ceiling> accuracies(const Domain& domain,
                                                const std::vector<DoorScore>& scores) const;
  void write_counts(const EpisodePlace& place, const Episodes& episodes,
                    const Intervention& intervention, float* inputs) const;
  void write_sequence(const EpisodePlace& place, const Episodes& episodes,
                      const Intervention& intervention, float* inputs) const;

  DoorWorldOptions options_;
  NaiveActing naive_;
  DoorScore believed_;  ///< log-odds of a belief that takes own actions as evidence
  mutable std::once_flag simulated_;
  mutable Ceiling naive_return_;  ///< once it is known
};

}  // namespace spurion::environments
