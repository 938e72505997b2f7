#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "regimes/shared/revealed_rows.hpp"
#include "spurion/method.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// One slot of a batch: rows of this domain from `first` on, under an intervention.
struct Slot {
  Domain domain;
  std::int64_t first = 0;
  Intervention intervention;
};

/// Slots of an environment; called once for each distinct environment of the replicas.
using SlotFunction = std::function<std::vector<Slot>(const Environment&)>;

/// Rows first .. first + count - 1 of a finite pool. After the last row it starts again at row 0.
Sample wrapped_rows(const Environment& environment, const Slot& slot, std::int64_t count);

/// Minibatches gathered at once take at most this much memory (or are one).
constexpr std::size_t kPreparedBytes = 16 << 20;

/// A finite training set in memory: `rows` rows of each slot. It exists once for each distinct
/// environment; replicas with the same environment share it.
class SPURION_API RowSource {
 public:
  struct Options {
    /// So many consecutive slots are pooled into one, part after part.
    std::int64_t parts = 1;
    /// Batches carry group labels, where the environment has groups.
    bool groups = false;
  };
  RowSource(const RegimeContext& context, const SlotFunction& slots, std::int64_t rows);
  RowSource(const RegimeContext& context, const SlotFunction& slots, std::int64_t rows,
            Options options);

  /// Minibatch number `step`: `batch` rows of each slot (0: all rows). Every epoch has a new
  /// permutation, which depends on the order key of the replica, the slot and the epoch. An
  /// incomplete last minibatch of an epoch is left out.
  [[nodiscard]] Batch batch(std::int64_t step, std::int64_t batch) const;
  /// Number of labels of minibatch `step` that no earlier call revealed, for each replica: [K].
  [[nodiscard]] std::vector<std::int64_t> reveal(std::int64_t step, std::int64_t batch);
  /// Whose labels were revealed so far.
  [[nodiscard]] const RevealedRows& revealed() const { return revealed_; }
  /// Takes over the labels that another source of the same replicas revealed.
  void inherit(const RevealedRows& earlier) { revealed_.inherit(earlier); }
  void visit_state(StateVisitor& visit) { revealed_.visit_state(visit); }

 private:
  [[nodiscard]] Batch whole() const;
  /// Puts `orders_` in the order of an epoch.
  void start_epoch(std::int64_t epoch) const;
  /// Gathers the minibatches from `step` on, as many as fit `kPreparedBytes`, replica by replica:
  /// the rows of one replica stay in cache meanwhile.
  void prepare(std::int64_t step, std::int64_t batch) const;

  const RegimeContext* context_;
  std::int64_t rows_;
  bool groups_;
  std::int64_t slots_ = 0;
  std::vector<std::size_t> source_;                        // [K] index into samples_
  std::vector<std::vector<Sample>> samples_;               // [distinct environments][slots]
  std::vector<std::size_t> leaders_;                       // one replica of each order of rows
  std::vector<std::size_t> order_of_;                      // [K] index into leaders_
  mutable std::vector<std::vector<std::int64_t>> orders_;  // [leaders * slots], this epoch's
  mutable std::int64_t epoch_ = -1;
  mutable std::vector<Batch> prepared_;  // minibatches first_prepared_, first_prepared_ + 1, ...
  mutable std::int64_t first_prepared_ = 0;
  mutable Batch whole_;
  RevealedRows revealed_;  // a reader for each leader
};

/// Rows of a stream: `rows` rows of each slot, each read once and in order. Throws `UsageError` at
/// the end of a finite pool.
class SPURION_API StreamSource {
 public:
  StreamSource(const RegimeContext& context, SlotFunction slots, std::int64_t rows);

  /// Rows `first` .. `first + batch - 1` of each slot.
  [[nodiscard]] Batch batch(std::int64_t first, std::int64_t batch) const;

 private:
  /// Makes rows from `first` on, at least `least`: many steps' at once.
  void read_ahead(std::int64_t first, std::int64_t least) const;

  const RegimeContext* context_;
  SlotFunction slots_;
  std::int64_t rows_;
  std::vector<const Environment*> environments_;
  std::vector<std::size_t> source_;                   // [K] index into environments_
  mutable std::vector<std::vector<Sample>> samples_;  // [distinct environments][slots]
  mutable std::int64_t first_ = 0;                    // of the rows in samples_
  mutable std::int64_t count_ = 0;
};

}  // namespace spurion::regimes
