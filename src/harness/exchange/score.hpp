#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/exchange/exported_rows.hpp"

namespace spurion::harness {

/// Predictions on the rows of a set, all parts one after the other.
struct ScoredLogits {
  Tensor logits;       ///< float32 [N, outputs]
  Tensor twin_logits;  ///< the same on the twins; undefined when not known
};

/// The rows that predictions are about.
struct ScoredSet {
  const RowSet& set;
  const Environment& environment;
  const RowSetSample& rows;
};

/// Measures predictions made elsewhere as a trial's are: each metric in each part, and where the
/// rows are held-out ones, "in_distribution", "gap" and "confusion_index" if all train domains and
/// the test domain are among them. Rows to train on are stored as "train_accuracy" and
/// "train_loss". Throws `UsageError` for rows to validate on, which are for choosing, not for
/// reporting.
SPURION_API TrialResult score_predictions(const ScoredSet& of, const ScoredLogits& predictions,
                                          const Catalog& catalog, const std::string& name);

/// Puts a scored trial into the store of a folder, so that a report can be made of it. Throws
/// `UsageError` when predictions other than these were already scored under this name on this
/// environment and seed, or when the store belongs to a suite that has no such experiment.
SPURION_API void store_scored(const TrialResult& result, const Environment& environment,
                              const Catalog& catalog, const std::filesystem::path& folder,
                              const std::string& experiment);

}  // namespace spurion::harness
