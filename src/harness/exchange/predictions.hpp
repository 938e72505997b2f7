#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "spurion/environment.hpp"
#include "spurion/value.hpp"

namespace spurion::harness {

/// What the numbers of a prediction file are. Where nobody says, logits are expected, and what
/// looks like probabilities is refused.
enum class PredictionKind { unsaid, logits, probabilities };

/// Predictions that came from elsewhere.
struct PredictionFile {
  Tensor logits;       ///< float64 [N] or [N, C], as the file has them
  Tensor twin_logits;  ///< the same on the twins; undefined when not given
  Tensor labels;       ///< float64 [N]: `y`, where the file kept it; undefined when not given
};

/// What `export_rows` wrote beside the rows and a prediction file kept: the array `metadata` of an
/// NPZ file. Throws `DataError` when there is no such file, or the array is no JSON.
SPURION_API std::optional<Value> read_prediction_metadata(const std::filesystem::path& file);

/// Reads an NPZ file with `logits` and, where there are, `twin_logits`; an NPY file of logits; or a
/// CSV file with columns `logit` or `logit_0` ..., and likewise `twin_logit`. Logits are [N] or [N,
/// outputs]; `y` may stand beside them and tells whether the rows are in order. Throws `DataError`:
/// another shape, other than `rows` rows (which is looked at before anything is unpacked), no
/// logits, columns `logit_0` ... with a gap or of another name.
SPURION_API PredictionFile read_predictions(const std::filesystem::path& file, std::int64_t rows);

/// Logits [N] or [N, C] of predictions that are logits or probabilities; `place` is how errors call
/// them. Throws `DataError` when nobody says what they are and they look like probabilities.
SPURION_API Tensor as_logits(const Tensor& values, PredictionKind kind, const EnvironmentInfo& info,
                             const std::string& place);

/// Throws `DataError` when the labels that a file kept are not those of the rows: they were put
/// into another order, or are other rows.
SPURION_API void check_labels(const Tensor& kept, const Tensor& labels, const std::string& place);

/// float32 [N, outputs] from [N] or [N, C]; two outputs for a binary task count as their
/// difference, which gives the same probabilities. Throws `DataError`: another shape, a number that
/// is not finite in float32. `place` is how errors call them.
SPURION_API Tensor checked_logits(const Tensor& logits, const EnvironmentInfo& info,
                                  std::int64_t rows, const std::string& place);

}  // namespace spurion::harness
