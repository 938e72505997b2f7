#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/blake2b.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/one_error.hpp"
#include "fuzz/targets.hpp"
#include "harness/store/deal_shards.hpp"
#include "harness/store/missing_trials.hpp"
#include "harness/store/plan_file.hpp"

namespace {

using namespace spurion;

/// Reads a plan, and uses what was read.
void read_one(const std::string& bytes) {
  const fuzz::MemoryFile file(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  const auto path = file.path();
  fuzz::reads_or_says_why<Error>(path.string(), [&] {
    const harness::TrialPlan plan = harness::read_plan(path);
    std::size_t dealt = 0;
    for (const auto& shard : harness::deal_shards(plan.packs, 3)) {
      for (const harness::TrialStretch& stretch : shard) dealt += stretch.count;
    }
    if (dealt != plan.trials.size()) std::abort();
    (void)harness::progress_of(plan, {});
  });
}

}  // namespace

void spurion::fuzz::plan(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_one(text);
  const std::string whole = "spurion plan 1\n" + text;
  core::Blake2b hash;
  hash.update(whole.data(), whole.size());
  const core::Digest digest = hash.finish();
  read_one(whole + std::string(reinterpret_cast<const char*>(digest.data()), digest.size()));
}
