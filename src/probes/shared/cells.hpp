#pragma once

#include <cstdint>
#include <vector>

#include "spurion/probe.hpp"

/// \file
/// Rows by label and value of a cue. Most rows of a train domain agree with the cue, so that what a
/// layer shows of the cue and of the label is mixed; within a label it is not.

namespace spurion::probes {

/// The label and the cue of the rows of one replica.
class Cells {
 public:
  /// Of replica k: `y` and `cue` int64 [K or 1, B].
  Cells(const Tensor& y, const Tensor& cue, std::int64_t values, std::int64_t replica);

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(y_.size()); }
  [[nodiscard]] std::int64_t label(std::int64_t row) const {
    return y_[static_cast<std::size_t>(row)];
  }
  [[nodiscard]] std::int64_t cue(std::int64_t row) const {
    return cue_[static_cast<std::size_t>(row)];
  }
  /// The class that most rows of a cue value have: what the cue indicates.
  [[nodiscard]] std::int64_t indicated(std::int64_t value) const {
    return indicated_[static_cast<std::size_t>(value)];
  }
  /// Whether the label of a row is not what its cue indicates.
  [[nodiscard]] bool conflict(std::int64_t row) const { return indicated(cue(row)) != label(row); }
  /// The cell (label, cue) of a row, as a number below `count`.
  [[nodiscard]] std::int64_t cell(std::int64_t row) const {
    return label(row) * values_ + cue(row);
  }
  /// Labels times cue values.
  [[nodiscard]] std::int64_t count() const { return labels_ * values_; }
  [[nodiscard]] std::int64_t values() const { return values_; }
  [[nodiscard]] std::int64_t labels() const { return labels_; }
  /// Weights of rows whose sum with a layer is a direction of the cue: within each label that has
  /// rows of both kinds, the mean of rows with this value minus the mean of the others; the mean
  /// over such labels. All 0 where no label has both.
  [[nodiscard]] std::vector<double> contrast(std::int64_t value) const;
  /// In what a row differs from another.
  enum class Differs { in_cue, in_label };
  /// The next row that differs from each row in this and not in the other, row by row; -1: none.
  [[nodiscard]] std::vector<std::int64_t> partners(Differs how) const;

 private:
  std::vector<std::int64_t> y_;
  std::vector<std::int64_t> cue_;
  std::int64_t values_;
  std::int64_t labels_ = 1;
  std::vector<std::int64_t> indicated_;  // [values]
};

/// The cells of each replica; of one where all replicas have the same rows.
std::vector<Cells> cells_of(const Tensor& y, const CueLabels& cues, std::int64_t cue);

/// Orthonormal directions of a cue in a layer [K, B, F]: [K, 1, F] each, one fewer than the cue has
/// values. A direction is 0 where no label has rows of both kinds.
std::vector<Tensor> cue_directions(const Tensor& layer, const std::vector<Cells>& cells);
/// The part of rows [K, B, F] that lies in these directions.
Tensor along(const Tensor& rows, const std::vector<Tensor>& directions);
/// float32 [K or 1, B]: 1 for every row where a direction was found, else 0.
Tensor found_direction(const std::vector<Cells>& cells);

}  // namespace spurion::probes
