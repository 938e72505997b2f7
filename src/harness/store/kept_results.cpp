#include "harness/store/kept_results.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "harness/store/store_content.hpp"

namespace spurion::harness {

void give_specs(StoreContent& content, std::vector<TrialSpec>& trials,
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
      places.size() == content.trials.size() &&
      std::all_of(content.trials.begin(), content.trials.end(), [&](const StoredTrial& trial) {
        const auto place = place_of(trial.id);
        return place != places.end() && place->first == trial.id;
      });
  if (!just_these) {
    forget_results(content);
    return;
  }
  for (std::size_t i = 0; i < content.trials.size(); ++i) {
    content.results[i].spec = std::move(trials[place_of(content.trials[i].id)->second]);
  }
  content.has_specs = true;
}

void forget_results(StoreContent& content) { content = {}; }

}  // namespace spurion::harness
