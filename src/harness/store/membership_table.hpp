#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "harness/store/store_content.hpp"

namespace spurion::harness {

/// A trial's number, and the number of a group.
using MembershipKey = std::pair<std::int64_t, std::uint32_t>;

/// Which trials are members of which groups, and whether they are former ones. What a store had
/// when it was opened, often a hundred thousand rows, lies in one piece of memory.
class MembershipTable {
 public:
  MembershipTable() = default;
  explicit MembershipTable(std::vector<StoredMembership> rows) : rows_(std::move(rows)) {
    std::sort(rows_.begin(), rows_.end(), [](const StoredMembership& a, const StoredMembership& b) {
      return key_of(a) < key_of(b);
    });
  }

  [[nodiscard]] std::size_t size() const { return rows_.size() + added_.size(); }
  /// Whether a membership is a former one; null where there is none.
  [[nodiscard]] bool* find(const MembershipKey& key) {
    const auto row = std::lower_bound(rows_.begin(), rows_.end(), key,
                                      [](const StoredMembership& one, const MembershipKey& other) {
                                        return key_of(one) < other;
                                      });
    if (row != rows_.end() && key_of(*row) == key) return &row->former;
    const auto added = added_.find(key);
    return added == added_.end() ? nullptr : &added->second;
  }
  /// Adds one that is not there.
  void add(const MembershipKey& key, bool former) { added_.emplace(key, former); }
  /// Calls `use(key, former)` for each, in the order of their keys.
  template <class Use>
  void for_each(const Use& use) const {
    auto row = rows_.begin();
    for (const auto& [key, former] : added_) {
      for (; row != rows_.end() && key_of(*row) < key; ++row) use(key_of(*row), row->former);
      use(key, former);
    }
    for (; row != rows_.end(); ++row) use(key_of(*row), row->former);
  }
  /// Drops those of which `drop(key, former)` says so.
  template <class Drop>
  void drop_if(const Drop& drop) {
    rows_.erase(
        std::remove_if(rows_.begin(), rows_.end(),
                       [&](const StoredMembership& row) { return drop(key_of(row), row.former); }),
        rows_.end());
    for (auto row = added_.begin(); row != added_.end();) {
      row = drop(row->first, row->second) ? added_.erase(row) : std::next(row);
    }
  }

 private:
  [[nodiscard]] static MembershipKey key_of(const StoredMembership& row) {
    return {row.trial, row.group};
  }

  std::vector<StoredMembership> rows_;   ///< sorted by key
  std::map<MembershipKey, bool> added_;  ///< since, of other keys
};

}  // namespace spurion::harness
