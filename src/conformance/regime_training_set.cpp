#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "conformance/checker.hpp"
#include "conformance/regime_probe.hpp"

namespace spurion::conformance {

namespace {

/// Which rows have these numbers: one row of the inputs for each number, replica by replica.
class RowBook {
 public:
  /// Notes the rows of a batch, and fails where a number has had another row.
  void note(const Batch& batch, std::int64_t replicas, const std::string& where) {
    require(batch.number.defined() && batch.number.scalar_type() == at::kLong,
            where + ": rows have no numbers, though the method asks for the training set");
    require(batch.number.sizes() == batch.y.sizes(),
            where + ": the numbers of the rows are not [K or 1, E, B]");
    const Tensor number = batch.number.flatten(1);
    const Tensor x = batch.x.flatten(2);
    rows_.resize(static_cast<std::size_t>(replicas));
    for (std::int64_t k = 0; k < replicas; ++k) {
      for (std::int64_t i = 0; i < number.size(1); ++i) {
        const auto own = number[std::min(k, number.size(0) - 1)][i].item<std::int64_t>();
        const Tensor row = x[std::min(k, x.size(0) - 1)][i];
        const auto [place, added] = rows_[static_cast<std::size_t>(k)].emplace(own, row.clone());
        require(
            added || at::equal(place->second, row),
            fmt::format("{}: number {} of replica {} is another row than before", where, own, k));
      }
    }
  }
  /// Fails unless each replica has had the rows 0 .. count - 1.
  void require_all(std::int64_t count, const std::string& where) const {
    for (const auto& own : rows_) {
      require(static_cast<std::int64_t>(own.size()) == count && own.begin()->first == 0 &&
                  own.rbegin()->first == count - 1,
              fmt::format("{}: it has {} numbers, expected 0 to {}", where, own.size(), count - 1));
    }
  }

 private:
  std::vector<std::map<std::int64_t, Tensor>> rows_;  // [K]
};

}  // namespace

RowRequest TrainingSetProbe::row_request() const {
  RowRequest request;
  request.training_set = true;
  return request;
}

void TrainingSetProbe::step(ReplicaTrainer& trainer, const Batch& batch) {
  const std::int64_t count = trainer.training_rows();
  if (trainer.step() == 0) {
    RowBook book;
    std::int64_t rows = 0;
    trainer.over_training_rows([&](const Batch& part) {
      rows += part.domains * part.rows_per_domain;
      book.note(part, trainer.replicas(), "a pass over the training set");
    });
    require(rows == count,
            fmt::format("a pass over the training set has {} rows of {}", rows, count));
    book.require_all(count, "a pass over the training set");
    book.note(batch, trainer.replicas(), "a minibatch after a pass");
    const Batch held_out = trainer.validation_rows(5);
    require(held_out.y.defined() && held_out.rows_per_domain <= 5 && held_out.rows_per_domain >= 1,
            "there are no validation rows, though it has a training set");
    require(at::equal(held_out.x, trainer.validation_rows(5).x),
            "validation rows differ from call to call");
  }
  if (unlabelled_) {
    const Tensor rows = trainer.unlabelled_target(5);
    require(rows.size(1) >= 1 && rows.size(1) <= 5 &&
                (rows.size(0) == 1 || rows.size(0) == trainer.replicas()) &&
                rows.sizes().slice(2) == batch.x.sizes().slice(2),
            "its unlabelled rows are not [K or 1, at most 5, ...]");
    require(at::equal(rows, trainer.unlabelled_target(5)), "unlabelled rows differ within a step");
  }
  if (drawn_) {
    // Full batches weigh the rows instead.
    const Tensor others = batch.number.ne(kDrawn);
    require(!(batch.weight.defined() ? others.logical_and(batch.weight.ne(0)) : others)
                 .any()
                 .item<bool>(),
            "rows are not drawn by the weights that the method gives");
  }
  trainer.step_from_losses(domain_risks(trainer.forward(batch.x), batch).mean(1));
  if (trainer.step() == kDrawAfter) {
    Tensor weights = at::zeros({1, count}, at::kDouble);
    weights[0][kDrawn] = 1.0;
    trainer.sample_rows(weights);
    drawn_ = true;
  }
}

}  // namespace spurion::conformance
