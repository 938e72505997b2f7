#pragma once

#include <filesystem>

#include "harness/exchange/exported_rows.hpp"

namespace spurion::harness {

/// Writes the rows as an NPZ file, parts one after the other: `x` float32 [N, ...], `y` int64 (or
/// float32 for regression) [N], `group` int64 [N] where there are groups, `causal` and `spurious`
/// float32 [N, n], `twin` float32 [N, ...], the same rows with the cue changed, where the
/// environment can, `domain` int64 [N], the number of the part, and `metadata` uint8, JSON that
/// says which rows they are. Throws `StoreError` when the file cannot be written.
SPURION_API void export_rows(const RowSet& set, const Environment& environment,
                             const std::filesystem::path& file, bool compress);

}  // namespace spurion::harness
