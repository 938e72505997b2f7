#pragma once

#include <cstdint>
#include <vector>

#include "spurion/archive.hpp"
#include "spurion/method.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// Rows of K replicas in E slots.
struct SlotRows {
  Tensor x;  ///< float32 [K, E, n, ...input_shape]
  Tensor y;  ///< int64 [K, E, n]
};

/// Rows `range` of each train domain, as an expert demonstrates them.
SlotRows demonstrations(const RegimeContext& context, RowRange range);

/// A training set that grows while it is trained on. Each replica has rows of its own, equally many
/// in each slot.
class GrownRows {
 public:
  explicit GrownRows(const RegimeContext& context) : context_(&context) {}

  /// n: rows of each slot.
  [[nodiscard]] std::int64_t rows() const { return rows_.y.defined() ? rows_.y.size(2) : 0; }
  /// Adds rows before the update number `step`, from which on minibatches are drawn of all rows in
  /// a new order. `known`: whether their labels are revealed now; else when they are first used.
  void add(const SlotRows& more, bool known, std::int64_t step);
  /// Forgets all rows.
  void clear();
  /// The minibatch of update number `step`: `batch` rows of each slot (0: all rows). The rows come
  /// in the order of a permutation for each epoch, which begins again where rows were added.
  [[nodiscard]] Batch batch(std::int64_t step, std::int64_t batch);
  /// Number of labels, [K], that this minibatch reveals. Each row counts once.
  [[nodiscard]] std::vector<std::int64_t> reveal(std::int64_t step, std::int64_t batch);
  void visit_state(StateVisitor& visit);

 private:
  /// Whether a minibatch of this size is all rows.
  [[nodiscard]] bool all(std::int64_t batch) const { return batch == 0 || batch >= rows(); }
  /// Puts `orders_` in the order of the epoch of an update, with minibatches of `batch` rows.
  void order_rows(std::int64_t step, std::int64_t batch);
  /// The rows of a minibatch, `batch` of them, of a replica in a slot.
  [[nodiscard]] const std::int64_t* drawn(std::int64_t step, std::int64_t batch,
                                          std::int64_t replica, std::int64_t slot) const;

  const RegimeContext* context_;
  SlotRows rows_;
  Tensor known_;                // bool [K, E, n]: labels that are revealed
  std::int64_t additions_ = 0;  // how often rows were added
  std::int64_t first_step_ = 0;
  std::vector<std::vector<std::int64_t>> orders_;  // [K * E], of the epoch; empty: not made
  std::int64_t epoch_ = -1;
};

}  // namespace spurion::regimes
