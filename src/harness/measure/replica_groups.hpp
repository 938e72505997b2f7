#pragma once

#include <vector>

#include "harness/measure/pack_scorer.hpp"
#include "spurion/evaluated.hpp"

namespace spurion::harness {

/// Replicas side by side that have the same environment.
struct ReplicaGroup {
  ReplicaRange replicas;
  const Environment* environment = nullptr;
};

/// All replicas of a pack, group by group.
inline std::vector<ReplicaGroup> replica_groups(const PackScorer& scorer, std::int64_t replicas) {
  std::vector<ReplicaGroup> groups;
  for (std::int64_t first = 0; first < replicas;) {
    const std::size_t source = scorer.source(static_cast<std::size_t>(first));
    std::int64_t last = first + 1;
    while (last < replicas && scorer.source(static_cast<std::size_t>(last)) == source) ++last;
    groups.push_back({{first, last - first}, scorer.distinct()[source]});
    first = last;
  }
  return groups;
}

}  // namespace spurion::harness
