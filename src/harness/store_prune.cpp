#include <fmt/format.h>

#include "harness/store_files.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"

namespace spurion {

Pruned prune(const std::filesystem::path& folder, bool dry_run) {
  Pruned pruned;
  for (const std::filesystem::path& file : store_files(folder)) {
    Store store(folder, file.filename().string());
    for (const std::string& damage : store.damage()) {
      pruned.damage.push_back(fmt::format("'{}': {}", file.string(), damage));
    }
    const bool damaged = !store.damage().empty();
    const auto leftovers = store.leftovers();
    std::set<std::string> ids;
    for (const auto& [id, experiment] : leftovers) {
      ++pruned.trials[experiment];
      ids.insert(id);
    }
    if (dry_run) continue;
    if (damaged) store.mend();
    if (ids.empty()) continue;
    store.remove(ids);
    store.shrink();
  }
  return pruned;
}

}  // namespace spurion
