#include "harness/store/kept_results.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "harness/store/store_content.hpp"

namespace spurion::harness {

bool give_specs(StoreContent& content, const std::function<TrialSpec(std::size_t)>& spec_at,
                const std::vector<TrialId>& ids) {
  // A trial of many experiments is there once for each.
  std::vector<std::pair<TrialId, std::size_t>> places;
  places.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) places.emplace_back(ids[i], i);
  std::sort(places.begin(), places.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  places.erase(std::unique(places.begin(), places.end(), same), places.end());
  const auto place_of = [&](const TrialId& id) {
    return std::lower_bound(places.begin(), places.end(), std::pair(id, std::size_t{0}));
  };
  const bool just_these =
      places.size() == content.keys.size() &&
      std::all_of(content.keys.begin(), content.keys.end(), [&](const TrialKey& key) {
        const auto place = place_of(key.id);
        return place != places.end() && place->first == key.id;
      });
  if (!just_these) {
    forget_results(content);
    return false;
  }
  for (std::size_t i = 0; i < content.keys.size(); ++i) {
    content.results[i].spec = spec_at(place_of(content.keys[i].id)->second);
  }
  content.has_specs = true;
  return true;
}

void forget_results(StoreContent& content) { content = {}; }

}  // namespace spurion::harness
