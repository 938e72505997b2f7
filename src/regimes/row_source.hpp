#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "spurion/method.hpp"
#include "spurion/regime.hpp"

namespace spurion {

/// One slot of a batch: rows of this domain from `first` on, under an intervention.
struct Slot {
  Domain domain;
  std::int64_t first = 0;
  Intervention intervention;
};

/// Slots of an environment; called once for each distinct environment of a batch of replicas.
using SlotFunction = std::function<std::vector<Slot>(const Environment&)>;

/// Rows first .. first + count - 1 of a finite pool; past its end reading starts again at row 0.
Sample wrapped_rows(const Environment& environment, const Slot& slot, std::int64_t count);

/// A finite training set in memory: `rows` rows of each slot, made once for each distinct
/// environment and shared by the replicas that use it.
class RowSource {
 public:
  RowSource(const RegimeContext& context, const SlotFunction& slots, std::int64_t rows);

  /// Minibatch number `step`: `batch` rows of each slot (0: all rows), from a fresh permutation
  /// every epoch, named by the replica's order key, the slot and the epoch. A last part of an epoch
  /// smaller than a batch is left out.
  [[nodiscard]] Batch batch(std::int64_t step, std::int64_t batch) const;
  /// Rows seen for the first time by minibatch `step`, of one replica.
  [[nodiscard]] std::int64_t new_rows(std::int64_t step, std::int64_t batch) const;

 private:
  [[nodiscard]] Batch whole() const;

  const RegimeContext* context_;
  std::int64_t rows_;
  std::int64_t slots_ = 0;
  std::vector<std::size_t> source_;           // [K] index into samples_
  std::vector<std::vector<Sample>> samples_;  // [distinct environments][slots]
  mutable std::vector<std::vector<std::vector<std::int64_t>>> orders_;  // [K][slots], this epoch's
  mutable std::int64_t epoch_ = -1;
  mutable Batch whole_;
};

/// Fresh rows for each step of a stream: `batch` rows of each slot, never seen before (until a
/// finite pool is exhausted). `offset` is the number of rows of a slot read earlier.
Batch stream_batch(const RegimeContext& context, const SlotFunction& slots, std::int64_t offset,
                   std::int64_t batch);

}  // namespace spurion
