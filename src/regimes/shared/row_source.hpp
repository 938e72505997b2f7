#pragma once

#include <optional>
#include <vector>

#include "nouns/weighted_rows.hpp"
#include "regimes/shared/revealed_rows.hpp"
#include "regimes/shared/slots.hpp"
#include "spurion/method.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {

/// Minibatches gathered at once take at most this much memory (or are one).
constexpr std::size_t kPreparedBytes = 16 << 20;

/// A finite training set in memory: `rows` rows of each slot. It exists once for each distinct
/// environment; replicas with the same environment share it. Row i of slot s has number
/// s * rows + i.
class SPURION_API RowSource final : public TrainingSet {
 public:
  struct Options {
    /// So many consecutive slots are pooled into one, part after part.
    std::int64_t parts = 1;
    /// Batches carry group labels, where the environment has groups.
    bool groups = false;
    /// What the method asks for.
    RowRequest request = {};
    /// The unlabelled rows of the test domain that methods may train with, if any.
    std::optional<Adaptation> adaptation = std::nullopt;
  };
  RowSource(const RegimeContext& context, const SlotFunction& slots, std::int64_t rows);
  RowSource(const RegimeContext& context, const SlotFunction& slots, std::int64_t rows,
            Options options);

  /// Minibatch number `step`: `batch` rows of each slot (0: all rows). Every epoch has a new
  /// permutation, which depends on the order key of the replica, the slot and the epoch. An
  /// incomplete last minibatch of an epoch is left out.
  [[nodiscard]] Batch batch(std::int64_t step, std::int64_t batch);
  /// Number of labels of minibatch `step` that no earlier call revealed, for each replica: [K].
  [[nodiscard]] std::vector<std::int64_t> reveal(std::int64_t step, std::int64_t batch);
  /// Whose labels were revealed so far.
  [[nodiscard]] const RevealedRows& revealed() const { return revealed_; }
  /// Takes over the labels that another source of the same replicas revealed.
  void inherit(const RevealedRows& earlier) { revealed_.inherit(earlier); }
  void visit_state(StateVisitor& visit);

  [[nodiscard]] std::int64_t size() const override { return slots_ * rows_; }
  [[nodiscard]] std::int64_t parts() const override;
  [[nodiscard]] Batch part(std::int64_t part) override;
  void sample(const Tensor& weights) override;
  [[nodiscard]] Batch validation(std::int64_t rows) override;
  [[nodiscard]] Tensor unlabelled_target(std::int64_t rows, std::int64_t step) override;

 private:
  /// Rows first .. first + count - 1 of each slot.
  [[nodiscard]] Batch stretch(std::int64_t first, std::int64_t count) const;
  /// A member of all rows as [distinct environments, N].
  [[nodiscard]] Tensor of_all(Tensor Sample::*member) const;
  /// Minibatch number `step` drawn by `weights_`.
  [[nodiscard]] Batch drawn(std::int64_t step, std::int64_t batch) const;
  /// Weights [S, N] as the sets of draws: [S * slots, rows] where draws keep the slots.
  [[nodiscard]] Tensor sets_of(const Tensor& weights) const;
  /// All rows, weighed by `weights_`.
  [[nodiscard]] Batch weighed();
  [[nodiscard]] Batch whole();
  /// Puts `orders_` in the order of an epoch.
  void start_epoch(std::int64_t epoch);
  /// Gathers the minibatches from `step` on, as many as fit `kPreparedBytes`, replica by replica:
  /// the rows of one replica stay in cache meanwhile.
  void prepare(std::int64_t step, std::int64_t batch);

  const RegimeContext* context_;
  std::int64_t rows_;
  bool groups_;
  std::int64_t slots_ = 0;
  std::vector<std::size_t> source_;                // [K] index into samples_
  std::vector<std::vector<Sample>> samples_;       // [distinct environments][slots]
  std::vector<std::size_t> leaders_;               // one replica of each order of rows
  std::vector<std::size_t> order_of_;              // [K] index into leaders_
  std::vector<std::vector<std::int64_t>> orders_;  // [leaders * slots], this epoch's
  std::int64_t epoch_ = -1;
  std::vector<Batch> prepared_;  // minibatches first_prepared_, first_prepared_ + 1, ...
  std::int64_t first_prepared_ = 0;
  Batch whole_;
  RevealedRows revealed_;  // a reader for each leader
  SlotFunction slot_function_;
  bool numbers_ = false;
  bool within_domains_ = false;  // draws by weights keep the slots
  bool all_revealed_ = false;    // labels of all rows were used
  nouns::WeightedRows weights_;  // if rows are drawn by weights
  Batch weighed_;
  Batch validation_;
  std::int64_t validation_asked_ = 0;    // rows of each slot, at most
  std::int64_t validation_counted_ = 0;  // labels of each replica that `reveal` told of
  std::optional<Adaptation> adaptation_;
  std::vector<Tensor> target_;  // [distinct environments]: unlabelled rows of the test domain
};

}  // namespace spurion::regimes
