#include "harness/store/kept_results.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <tuple>

#include "harness/store/store_content.hpp"

namespace spurion::harness {

bool give_specs(StoreContent& content, const std::function<TrialSpec(std::size_t)>& spec_at,
                const std::vector<TrialId>& ids) {
  // A trial of many experiments is there once for each. Numbers take a sixth of ids with numbers.
  std::vector<std::uint32_t> places(ids.size());
  std::iota(places.begin(), places.end(), std::uint32_t{0});
  std::sort(places.begin(), places.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(ids[a], a) < std::tie(ids[b], b);
  });
  const auto same = [&](std::uint32_t a, std::uint32_t b) { return ids[a] == ids[b]; };
  places.erase(std::unique(places.begin(), places.end(), same), places.end());
  const auto place_of = [&](const TrialId& id) {
    return std::lower_bound(
        places.begin(), places.end(), id,
        [&](std::uint32_t place, const TrialId& wanted) { return ids[place] < wanted; });
  };
  const bool just_these =
      places.size() == content.keys.size() &&
      std::all_of(content.keys.begin(), content.keys.end(), [&](const TrialKey& key) {
        const auto place = place_of(key.id);
        return place != places.end() && ids[*place] == key.id;
      });
  if (!just_these) {
    forget_results(content);
    return false;
  }
  for (std::size_t i = 0; i < content.keys.size(); ++i) {
    content.results[i].spec = spec_at(*place_of(content.keys[i].id));
  }
  content.has_specs = true;
  return true;
}

void forget_results(StoreContent& content) { content = {}; }

}  // namespace spurion::harness
