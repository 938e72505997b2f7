#pragma once

#include <filesystem>
#include <optional>

#include "spurion/environment.hpp"
#include "spurion/value.hpp"

namespace spurion {

/// Logits that came from elsewhere.
struct PredictionFile {
  Tensor logits;                  ///< float32 [N, C]
  Tensor twin_logits;             ///< the same on the twins; undefined when not given
  std::optional<Value> metadata;  ///< what `export_rows` wrote beside the rows
};

/// Reads an NPZ file with `logits` and, where there are, `twin_logits` and `metadata`; an NPY file
/// of logits; or a CSV file with columns `logit` or `logit_0` ..., and likewise `twin_logit`.
/// Logits are [N] or [N, outputs]; two outputs for a binary task count as their difference, which
/// gives the same probabilities. Throws `DataError`: another shape, a number that is not finite, no
/// logits.
SPURION_API PredictionFile read_predictions(const std::filesystem::path& file);

/// float32 [N, outputs] from [N] or [N, C]; `place` is how errors call them.
SPURION_API Tensor checked_logits(const Tensor& logits, const EnvironmentInfo& info,
                                  std::int64_t rows, const std::string& place);

}  // namespace spurion
