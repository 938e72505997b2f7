#pragma once

#include <cstdint>

#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion {

struct Batch;

/// How rows of a fixed training set come into minibatches.
enum class Sampling {
  shuffled,        ///< each row once in an epoch, the same number of each domain
  class_balanced,  ///< with replacement; every class has the same probability
  group_balanced   ///< with replacement; every group has the same probability
};

/// What a method asks of the training set beside minibatches. Regimes without a fixed training set
/// (`Regime::has_training_set`) refuse such a method.
struct RowRequest {
  /// `Batch::number` is set, and the trainer gives passes over all training rows
  /// (`ReplicaTrainer::over_training_rows`) and draws by weights (`sample_rows`).
  bool training_set = false;
  /// `group_balanced` needs `Access::group_labels` too.
  Sampling sampling = Sampling::shuffled;
  /// Balanced draws and draws by weights keep the domains of minibatches: as many rows of each
  /// domain as before, drawn among its own rows by their weights. default: domains are pooled.
  bool within_domains = false;
  /// Every row that it is given has its cues resampled by intervention, the rest of the row stays.
  /// It needs `Access::counterfactual_rows`. default: rows as they come.
  bool randomised_cues = false;
  /// It trains with unlabelled rows of the test domain (`ReplicaTrainer::unlabelled_target`). It
  /// needs `Access::unlabelled_target` too. default: no.
  bool unlabelled_target = false;

  /// Whether there must be a fixed training set.
  [[nodiscard]] bool any() const {
    return training_set || unlabelled_target || sampling != Sampling::shuffled;
  }
};

/// The training set of a run, for methods that go over it. A regime implements it; methods reach it
/// through the trainer. Batches are in host memory and carry what the regime grants.
class SPURION_API TrainingSet {
 public:
  virtual ~TrainingSet() = default;
  /// N: rows of all domains together. They are numbered 0 .. N - 1, the same in every epoch.
  [[nodiscard]] virtual std::int64_t size() const = 0;
  /// Number of parts of a pass.
  [[nodiscard]] virtual std::int64_t parts() const = 0;
  /// Part `part` of a pass, with `Batch::number`; all parts together have each row once.
  [[nodiscard]] virtual Batch part(std::int64_t part) = 0;
  /// From the next minibatch on, rows are drawn with replacement, each with a probability
  /// proportional to its weight: float64 [K or 1, N], finite, not negative, a positive sum. Full
  /// batches weigh the rows instead (`Batch::weight`, mean 1). Domains are pooled: such batches
  /// have one domain of as many rows as before. With `RowRequest::within_domains` they are kept,
  /// and the weights of each domain need a positive sum.
  virtual void sample(const Tensor& weights) = 0;
  /// At most `rows` labelled held-out rows of each train domain, always the same; fewer where the
  /// environment has no more. Throws `UsageError` where there are none.
  [[nodiscard]] virtual Batch validation(std::int64_t rows) = 0;
  /// The inputs [K or 1, R, ...input_shape] of R unlabelled rows of the test domain, where the
  /// regime grants them (`Access::unlabelled_target`): the rows to which methods adapt there. R is
  /// `rows` or, if there are not more rows than that, all of them. They are drawn with replacement,
  /// anew for each step. default: throws `PluginError`, since the regime gives none.
  [[nodiscard]] virtual Tensor unlabelled_target(std::int64_t rows, std::int64_t step);
};

}  // namespace spurion
