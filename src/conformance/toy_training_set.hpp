#pragma once

#include "conformance/toy_problem.hpp"
#include "nouns/weighted_rows.hpp"

namespace spurion::conformance {

/// The batches of a toy run as a training set: batch by batch, row by row.
class SPURION_API ToyTrainingSet final : public TrainingSet {
 public:
  ToyTrainingSet(const ToyRun& run, const RowRequest& request);

  /// The minibatch of a step, with what the method asked for.
  [[nodiscard]] Batch batch(std::int64_t step) const;
  [[nodiscard]] std::int64_t size() const override;
  [[nodiscard]] std::int64_t parts() const override;
  [[nodiscard]] Batch part(std::int64_t part) override;
  void sample(const Tensor& weights) override;
  [[nodiscard]] Batch validation(std::int64_t rows) override;
  /// A tenth of the inputs of the minibatch after that of the step, so that no method has to give
  /// up the labels for what it wants of such rows.
  [[nodiscard]] Tensor unlabelled_target(std::int64_t rows, std::int64_t step) override;
  void visit_state(StateVisitor& visit) { weights_.visit_state(visit); }

 private:
  [[nodiscard]] std::int64_t rows_of_batch() const;
  /// A batch of the run with row numbers.
  [[nodiscard]] Batch numbered(std::int64_t part) const;
  /// A member of all rows, [K or 1, N, ...].
  [[nodiscard]] Tensor of_all(Tensor Batch::*member) const;
  [[nodiscard]] Batch drawn(std::int64_t step) const;
  /// Values [S, N] of all rows as the sets of draws: where draws keep the domains
  /// [S * E, rows of a domain], batch by batch.
  [[nodiscard]] Tensor sets_of(const Tensor& values) const;

  const ToyRun* run_;
  bool numbers_;
  bool within_domains_;
  nouns::WeightedRows weights_;
};

}  // namespace spurion::conformance
