#pragma once

#include <map>
#include <string>
#include <vector>

namespace spurion::harness {

/// Facts of the run of a store that is merged with others.
struct FactsOfStore {
  const std::map<std::string, std::string>& facts;
  /// Whether its trials count for when questions were stated: not those that were merged before.
  bool counts = true;
};

/// Facts of the run of all of them, the same in whatever order they come. Of those that differ it
/// is the larger number, such as the seconds of the slowest of several runs at once, or the text
/// that is later in the alphabet.
std::map<std::string, std::string> merged_facts(const std::vector<FactsOfStore>& stores);

}  // namespace spurion::harness
