#include "harness/run/shard_trials.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <unordered_map>
#include <utility>

#include "spurion/error.hpp"

namespace spurion::harness {

void keep_shard(CheckedRun& run, const Shard& shard) {
  if (shard.of < 1 || shard.number < 1 || shard.number > shard.of) {
    throw UsageError(
        fmt::format("there is no shard {} of {}: shards have the numbers 1 to their count",
                    shard.number, shard.of));
  }
  if (shard.of == 1) return;
  std::unordered_map<TrialId, std::int64_t, TrialIdHash> owners;
  owners.reserve(run.ids.size());
  std::int64_t setting = -1;
  std::string experiment;
  std::int64_t draw = -1;
  std::int64_t last_seed = -1;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < run.trials.size(); ++i) {
    const TrialSpec& trial = run.trials[i];
    // Seeds of a setting follow one another.
    if (trial.seed <= last_seed || trial.config_index != draw || trial.experiment != experiment ||
        setting < 0) {
      ++setting;
      experiment = trial.experiment;
      draw = trial.config_index;
    }
    last_seed = trial.seed;
    const std::int64_t owner = owners.emplace(run.ids[i], setting % shard.of).first->second;
    if (owner != shard.number - 1) continue;
    if (kept != i) {
      run.trials[kept] = std::move(run.trials[i]);
      run.ids[kept] = run.ids[i];
    }
    ++kept;
  }
  run.trials.resize(kept);
  run.ids.resize(kept);
}

}  // namespace spurion::harness
