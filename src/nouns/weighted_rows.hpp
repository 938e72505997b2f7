#pragma once

#include <cstdint>
#include <vector>

#include "spurion/archive.hpp"
#include "spurion/export.hpp"
#include "spurion/random.hpp"
#include "spurion/tensor.hpp"

namespace spurion::nouns {

/// Draws of rows with probabilities proportional to their weights.
class SPURION_API WeightedRows {
 public:
  /// Draws nothing.
  WeightedRows() = default;
  /// float64 [S, N]: weights of N rows for each of S sets. Throws `PluginError` unless all are
  /// finite and not negative and each set has a positive sum.
  explicit WeightedRows(const Tensor& weights);

  [[nodiscard]] bool defined() const { return weights_.defined(); }
  /// S.
  [[nodiscard]] std::int64_t sets() const { return weights_.size(0); }
  /// Row number `lane` of draw number `step` of a set, with replacement.
  [[nodiscard]] std::int64_t draw(std::int64_t set, const RandomStream& stream, std::int64_t step,
                                  std::int64_t lane) const;
  /// float32 [S, N] with mean 1 in each set: what a row counts where all rows are taken.
  [[nodiscard]] Tensor normalised() const;
  void visit_state(StateVisitor& visit);

 private:
  void sum_up();

  Tensor weights_;                         // float64 [S, N]
  std::vector<std::vector<double>> sums_;  // [S][N] up to and with each row
};

/// Weights [S, N] with which every value that occurs in `labels` (int64 [S, N]) has the same
/// probability.
SPURION_API Tensor balancing_weights(const Tensor& labels);

}  // namespace spurion::nouns
