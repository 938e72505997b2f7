#include <fmt/format.h>

#include <system_error>

#include "core/counted.hpp"
#include "harness/store/store_files.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"

namespace spurion {

Pruned prune(const std::filesystem::path& folder, bool dry_run) {
  Pruned pruned;
  for (const std::filesystem::path& file : harness::store_files(folder)) {
    Store store(folder, file.filename().string());
    for (const std::string& damage : store.damage()) {
      pruned.damage.push_back(fmt::format("'{}': {}", file.string(), damage));
    }
    const bool damaged = !store.damage().empty();
    if (damaged && !dry_run) store.mend();
    // Which experiment a trial belongs to may be what a damaged file has lost.
    std::error_code unreadable;
    const std::string old = file.string() + ".damaged";
    const bool unsure = damaged || std::filesystem::exists(old, unreadable);
    std::set<std::string> ids;
    std::int64_t spared = 0;
    for (const auto& [id, experiment] : store.leftovers()) {
      if (unsure) {
        ++spared;
        continue;
      }
      ++pruned.trials[experiment];
      ids.insert(id);
    }
    if (spared > 0) {
      pruned.damage.push_back(fmt::format(
          "'{}': {} of no experiment of a suite {} kept, because damage may have lost what they "
          "belong to; run their suites again, then delete '{}' and prune again",
          file.string(), core::counted(spared, "trial"), spared == 1 ? "was" : "were", old));
    }
    if (dry_run || ids.empty()) continue;
    store.remove(ids);
    store.shrink();
  }
  return pruned;
}

}  // namespace spurion
