#pragma once

#include <algorithm>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/store/store_content.hpp"

namespace spurion::harness {

/// The trials of a store by id. What a store had when it was opened, often a hundred thousand
/// trials, lies in one piece of memory.
class TrialTable {
 public:
  TrialTable() = default;
  explicit TrialTable(std::vector<StoredTrial> trials)
      : trials_(std::move(trials)), erased_(trials_.size(), false) {
    std::sort(trials_.begin(), trials_.end(),
              [](const StoredTrial& a, const StoredTrial& b) { return a.id < b.id; });
  }

  [[nodiscard]] std::size_t size() const { return trials_.size() - gone_ + added_.size(); }
  /// Null where there is none; holds until the table changes.
  [[nodiscard]] const StoredTrial* find(const TrialId& id) const {
    if (const std::size_t place = place_of(id); place < trials_.size()) return &trials_[place];
    const auto added = added_.find(id);
    return added == added_.end() ? nullptr : &added->second;
  }
  /// Adds one that is not there.
  void add(const StoredTrial& trial) { added_.emplace(trial.id, trial); }
  /// Drops one that is there.
  void erase(const TrialId& id) {
    const std::size_t place = place_of(id);
    if (place == trials_.size()) {
      added_.erase(id);
    } else {
      erased_[place] = true;
      ++gone_;
    }
  }
  template <class Use>
  void for_each(const Use& use) const {
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      if (!erased_[i]) use(trials_[i]);
    }
    for (const auto& [id, trial] : added_) use(trial);
  }

 private:
  /// Among `trials_`; behind them where there is none.
  [[nodiscard]] std::size_t place_of(const TrialId& id) const {
    const auto found = std::lower_bound(
        trials_.begin(), trials_.end(), id,
        [](const StoredTrial& one, const TrialId& other) { return one.id < other; });
    const auto place = static_cast<std::size_t>(found - trials_.begin());
    return place < trials_.size() && found->id == id && !erased_[place] ? place : trials_.size();
  }

  std::vector<StoredTrial> trials_;  ///< sorted by id
  std::vector<bool> erased_;         ///< of `trials_`
  std::size_t gone_ = 0;             ///< how many of them
  std::unordered_map<TrialId, StoredTrial, TrialIdHash> added_;
};

}  // namespace spurion::harness
