#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "spurion/interactive.hpp"

/// \file
/// Worlds so small that the best policy is known by heart.

namespace spurion::tests {

/// What the tiny worlds share: domains without parameters and a cue that does nothing.
class TinyWorld : public InteractiveEnvironment {
 public:
  [[nodiscard]] const EnvironmentInfo& info() const override { return info_; }
  [[nodiscard]] const InteractiveInfo& acting() const override { return acting_; }
  [[nodiscard]] std::vector<Domain> train_domains() const override {
    std::vector<Domain> all;
    for (std::size_t e = 0; e < domains_; ++e) all.push_back(Domain::train(e, 0.0));
    return all;
  }
  [[nodiscard]] Domain test_domain() const override { return Domain::test(1.0); }
  [[nodiscard]] Domain at(double shift) const override { return Domain::at(shift); }
  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return intervention.kind == Intervention::Kind::none;
  }
  [[nodiscard]] Ceilings ceilings(const Domain& /*domain*/) const override {
    Ceilings all;
    all.bayes.value = all.invariant.value = all.spurious_only.value = 1.0;
    return all;
  }

 protected:
  TinyWorld(std::string name, std::size_t domains, std::uint64_t seed)
      : domains_(domains), key_(RandomKey(seed).child(name)) {
    info_.name = std::move(name);
    info_.task = Task::multiclass;
    info_.outputs = 2;
    acting_.actions = {"left", "right"};
  }
  [[nodiscard]] RandomKey episodes_key(const EpisodePlace& place) const override {
    return key_.child(place.domain.key).child(split_name(place.split));
  }
  void note(const EpisodePlace& /*place*/, const Episodes& episodes,
            const Intervention& /*intervention*/, Sample& sample) const override {
    sample.causal = at::zeros({episodes.count(), 1});
    sample.spurious = at::zeros({episodes.count(), 1});
  }

  EnvironmentInfo info_;
  InteractiveInfo acting_;
  std::size_t domains_;
  RandomKey key_;
};

/// One step: the side of the reward is drawn with each episode and shown as -1 or 1.
class TwoArms final : public TinyWorld {
 public:
  explicit TwoArms(std::size_t domains = 1, std::uint64_t seed = 7)
      : TinyWorld("two_arms", domains, seed) {
    info_.input_shape = {2};
    acting_.state = {"side"};
    acting_.horizon = 1;
  }
  [[nodiscard]] ReferenceReturns references(const Domain& /*domain*/) const override {
    return {{1.0}, {1.0}, {0.5}, {0.5}};
  }

 protected:
  void begin(const EpisodePlace& place, StartKind /*kind*/, Episodes& episodes) const override {
    const RandomStream sides(episodes_key(place).child("side"));
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      episodes.values(0)[i] =
          sides.bernoulli(0.5, episodes.number[static_cast<std::size_t>(i)]) ? 1.0 : -1.0;
    }
  }
  void advance(const EpisodePlace& place, const std::vector<std::int64_t>& actions,
               Episodes& episodes, float* rewards) const override {
    std::vector<std::int64_t> right(actions.size());
    choose(ReferencePolicy::optimal, place, episodes, right.data());
    for (std::size_t i = 0; i < actions.size(); ++i) {
      if (episodes.done[i] != 0) continue;
      rewards[i] = actions[i] == right[i] ? 1.0F : 0.0F;
      episodes.goal[i] = actions[i] == right[i] ? 1 : 0;
    }
  }
  void look(const EpisodePlace& /*place*/, const Episodes& episodes,
            const Intervention& /*intervention*/, float* inputs) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      *inputs++ = 1.0F;
      *inputs++ = static_cast<float>(episodes.values(0)[i]);
    }
  }
  void choose(ReferencePolicy /*policy*/, const EpisodePlace& /*place*/, const Episodes& episodes,
              std::int64_t* actions) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i) actions[i] = episodes.values(0)[i] > 0;
  }
};

/// Five cells in a row, one-hot. Episodes begin in a cell of 0 to 3; the last cell gives 1 and ends
/// the episode. As one life it does not end: it goes on in the first cell.
class Corridor final : public TinyWorld {
 public:
  static constexpr std::int64_t kCells = 5;
  static constexpr double kDiscount = 0.9;

  explicit Corridor(bool one_life = false, std::size_t domains = 1, std::uint64_t seed = 7)
      : TinyWorld("corridor", domains, seed) {
    info_.input_shape = {kCells};
    acting_.state = {"cell"};
    acting_.horizon = one_life ? 2000 : 12;
    acting_.discount = kDiscount;
    acting_.without_resets = one_life;
  }
  /// Of the policy that always goes right: 4 - cell steps from each of the cells 0 to 3.
  [[nodiscard]] ReferenceReturns references(const Domain& /*domain*/) const override {
    double best = 0.0;
    for (int steps = 1; steps <= 4; ++steps) best += 0.25 * std::pow(kDiscount, steps - 1);
    return {{best}, {best}, {best}, {0.3}};
  }

 protected:
  void begin(const EpisodePlace& place, StartKind /*kind*/, Episodes& episodes) const override {
    const RandomStream cells(episodes_key(place).child("cell"));
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      episodes.values(0)[i] = static_cast<double>(
          cells.below(kCells - 1, episodes.number[static_cast<std::size_t>(i)]));
    }
  }
  void advance(const EpisodePlace& /*place*/, const std::vector<std::int64_t>& actions,
               Episodes& episodes, float* rewards) const override {
    for (std::size_t i = 0; i < actions.size(); ++i) {
      if (episodes.done[i] != 0) continue;
      double& cell = episodes.state[i];
      cell = std::max(0.0, cell + (actions[i] == 1 ? 1.0 : -1.0));
      if (cell < static_cast<double>(kCells - 1)) continue;
      rewards[i] = 1.0F;
      episodes.goal[i] = 1;
      if (acting_.without_resets) {
        cell = 0.0;
      } else {
        episodes.done[i] = 1;
      }
    }
  }
  void look(const EpisodePlace& /*place*/, const Episodes& episodes,
            const Intervention& /*intervention*/, float* inputs) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i) {
      for (std::int64_t cell = 0; cell < kCells; ++cell) {
        *inputs++ = static_cast<double>(cell) == episodes.values(0)[i] ? 1.0F : 0.0F;
      }
    }
  }
  void choose(ReferencePolicy /*policy*/, const EpisodePlace& /*place*/, const Episodes& episodes,
              std::int64_t* actions) const override {
    for (std::int64_t i = 0; i < episodes.count(); ++i) actions[i] = 1;
  }
};

}  // namespace spurion::tests
