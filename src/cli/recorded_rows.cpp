#include "cli/recorded_rows.hpp"

#include <fmt/format.h>

#include <set>

#include "cli/text.hpp"
#include "harness/row_counts.hpp"
#include "harness/row_set.hpp"

namespace spurion::cli {

std::string recorded_rows_text(const std::vector<TrialSpec>& trials, const Catalog& catalog,
                               const std::shared_ptr<const DataSources>& sources, int columns) {
  constexpr std::size_t kMostTold = 4;
  constexpr std::size_t kMostLookedAt = 16;
  std::set<std::string> seen;
  std::size_t told = 0;
  std::string out;
  for (const TrialSpec& trial : trials) {
    if (told == kMostTold || seen.size() == kMostLookedAt) break;
    const Component& world = trial.environment;
    if (!seen.insert(world.name + ' ' + world.options.canonical_json()).second) continue;
    RowSet set;
    set.environment = world;
    set.suite_seed = trial.suite_seed;
    const auto lines = row_count_lines(make_environment(set, catalog, sources)->info());
    if (lines.empty()) continue;
    ++told;
    out += fmt::format("\nrows of {}, as replicate 0 parts them:\n", world.name);
    for (const std::string& line : lines) out += wrapped(line, columns, 2);
  }
  return out;
}

}  // namespace spurion::cli
