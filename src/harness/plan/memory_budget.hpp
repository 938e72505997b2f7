#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

/// How the memory of a run is shared out, in bytes.
struct MemoryBudget {
  double total = 0.0;    ///< what the whole process may hold
  double process = 0.0;  ///< what it holds before the first pack, and what libraries add later
  double cache = 0.0;    ///< rows kept for later packs
  double packs = 0.0;    ///< all packs that run at once
};

/// Shares out `total` (0: half of this machine's memory) from what the process holds now. Throws
/// `UsageError` when hardly anything is left.
SPURION_API MemoryBudget split_memory(double total, std::int64_t jobs);

/// Bytes that messages say the program needs when it holds `held` before it starts `jobs` workers.
/// It is enough, and rounded up in coarse steps: two starts that hold nearly the same say the same.
SPURION_API double told_memory(double held, std::int64_t jobs);

/// Gives the cache what these packs leave when the largest of them run at once.
SPURION_API void lend_to_cache(MemoryBudget& budget, const std::vector<Pack>& packs,
                               std::int64_t jobs);

/// What a run may hold when nobody says: half of this machine's memory.
SPURION_API double default_memory();

/// What this process holds now, and the most it has held.
SPURION_API double resident_memory();
SPURION_API double peak_memory();

/// Returns freed memory to the system when the process is not far from its limit.
void give_back_memory(const MemoryBudget& budget);

}  // namespace spurion::harness
