#include "core/nearest_names.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/edit_distance.hpp"

namespace spurion::core {

namespace {

/// Lower case, with one sign for all that separates words.
std::string plain_letters(const std::string& name) {
  std::string plain = name;
  for (char& c : plain) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-' || c == ' ') c = '_';
  }
  return plain;
}

}  // namespace

std::vector<std::string> nearest_names(const std::string& name,
                                       const std::vector<std::string>& candidates,
                                       std::size_t most) {
  constexpr std::size_t kLeastPart = 3;  // fewer letters are part of nearly every name
  const std::string typed = plain_letters(name);
  const std::size_t limit = nearest_limit(typed);
  std::set<std::tuple<std::size_t, std::string>> near;
  std::set<std::string> known;
  for (const std::string& candidate : candidates) {
    if (!known.insert(candidate).second) continue;
    const std::string plain = plain_letters(candidate);
    const std::size_t distance = edit_distance(typed, plain);
    const std::size_t part = typed.size() < kLeastPart ? std::string::npos : plain.find(typed);
    // The beginning of a name says more than two wrong letters of a short word.
    constexpr std::size_t kFar = std::string::npos;
    std::size_t rank = distance <= limit ? 2 * distance : kFar;
    if (part != std::string::npos) rank = std::min<std::size_t>(rank, part == 0 ? 3 : 5);
    if (rank != kFar) near.emplace(rank, candidate);
  }
  std::vector<std::string> names;
  for (const auto& [rank, candidate] : near) {
    if (names.size() == most) break;
    names.push_back(candidate);
  }
  return names;
}

}  // namespace spurion::core
