#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "spurion/archive.hpp"
#include "spurion/interactive.hpp"

namespace spurion::acting {

/// Where K replicas act: each in its own environment. Replicas of one environment meet the same
/// starts and the same noise.
struct RolloutPlace {
  std::vector<const InteractiveEnvironment*> worlds;  ///< [K]
  std::vector<Domain> domains;                        ///< [K] the same domain, of each environment
  Split split = Split::train;                         ///< whose episodes
  StartKind start = StartKind::acting;                ///< where they begin
};

/// K x B episodes that run side by side. Lane b of every replica begins with the episode
/// `first + b`; an episode that begins in its place later has the number B more.
class SPURION_API Rollout {
 public:
  Rollout(RolloutPlace place, std::int64_t lanes, std::int64_t first = 0);

  [[nodiscard]] std::int64_t replicas() const { return replicas_; }
  /// B.
  [[nodiscard]] std::int64_t lanes() const { return lanes_; }
  /// What the policies see: float32 [K, B, ...input_shape], in host memory.
  [[nodiscard]] Tensor observe(const Intervention& intervention = Intervention::none()) const;
  /// What a reference policy would do: int64 [K, B].
  [[nodiscard]] Tensor act(ReferencePolicy policy) const;
  /// Takes actions, int64 [K, B] in host memory. Returns the rewards, float32 [K, B]; 0 where the
  /// episode was over.
  Tensor step(const Tensor& actions);
  /// Begins the next episode in each lane whose episode is over.
  void restart_done() { restart(done()); }
  /// Begins the next episode in these lanes: bool [K, B] in host memory.
  void restart(const Tensor& lanes);
  /// bool [K, B].
  [[nodiscard]] Tensor done() const { return flags(&Episodes::done); }
  [[nodiscard]] Tensor goal() const { return flags(&Episodes::goal); }
  [[nodiscard]] Tensor proxy() const { return flags(&Episodes::proxy); }
  /// Whether all episodes of all replicas are over.
  [[nodiscard]] bool all_done() const;
  /// int64 [K, B]: numbers of the episodes, and steps taken in them.
  [[nodiscard]] Tensor numbers() const { return integers(&Episodes::number); }
  [[nodiscard]] Tensor steps() const { return integers(&Episodes::step); }
  /// What is exactly known of the expert's next action: [K, B, A] each; empty if the environment
  /// does not know it.
  [[nodiscard]] std::optional<ExactPredictive> predictive() const;
  /// Saves or restores the episodes.
  void visit_state(StateVisitor& visit);

 private:
  /// The replicas of one environment; their episodes stand one replica after the other.
  struct Group {
    std::vector<std::int64_t> replicas;
    Episodes episodes;
  };
  [[nodiscard]] const InteractiveEnvironment& world(const Group& group) const;
  [[nodiscard]] EpisodePlace place(const Group& group) const;
  /// Puts what is known of the episodes of a group, [n * B, ...], where it belongs in [K, B, ...].
  void scatter(const Group& group, const Tensor& from, Tensor& to) const;
  [[nodiscard]] Tensor flags(std::vector<std::uint8_t> Episodes::*which) const;
  [[nodiscard]] Tensor integers(std::vector<std::int64_t> Episodes::*which) const;

  RolloutPlace place_;
  std::int64_t replicas_;
  std::int64_t lanes_;
  std::vector<Group> groups_;
};

/// The domain of `environment` that `domain` is: its parameters may depend on the data seed. It is
/// found by kind. Throws `LogicError` for a train domain that it does not have.
SPURION_API Domain own_domain(const Environment& environment, const Domain& domain);

/// Where replicas with these environments, [K], act. Throws `UsageError` if one of them does not
/// answer to actions.
SPURION_API RolloutPlace rollout_place(const std::vector<const Environment*>& environments,
                                       const Domain& domain, Split split);
/// The same of shared environments.
SPURION_API RolloutPlace
rollout_place(const std::vector<std::shared_ptr<const Environment>>& environments,
              const Domain& domain, Split split);

}  // namespace spurion::acting
