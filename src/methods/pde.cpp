#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct PdeOptions : L2Option {
  double warm_up_share = 0.47;
  std::int64_t expansions = 16;
  PerReplica<std::int64_t> added_rows = 10;
};

/// Progressive data expansion (Deng et al. 2023): ERM on a growing part of the training rows. The
/// warm-up has as many random rows of each group as the smallest group has; groups without rows do
/// not count. Then `added_rows` more random rows of the others join it, `expansions` times, at
/// equal distances from the end of the warm-up on. The optimiser goes on as it was.
///
/// Defaults are those of the authors' command for Waterbirds: 140 of 300 epochs, then 10 rows every
/// 10 epochs, 16 times. Their other data sets have 50 rows (CelebA) and 300 (CivilComments). Their
/// command for Waterbirds also multiplies the learning rate by 0.01 at the first expansion; a
/// schedule of the optimiser can lower it here. Rows are drawn with replacement from the part, not
/// epoch by epoch. Their code draws the added rows with replacement, so that some come twice; here
/// each comes once. For CelebA their first expansion makes a part that is balanced within each
/// attribute, and for CivilComments each group has at least 150 rows: neither is here.
class Pde final : public Method {
 public:
  using Options = PdeOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("warm_up_share", &O::warm_up_share,
                   "Share of the steps on as many rows of each group.", between(0, 1),
                   uniform(0.2, 0.8))
            .field("expansions", &O::expansions, "How many times rows are added.", between(1, 1e6))
            .field("added_rows", &O::added_rows, "Rows that are added each time.", between(1, 1e9),
                   log_uniform_integer(10, 300))
            .include(L2Option::schema());
    return schema;
  }

  Pde(const Options& options, const MethodContext& context)
      : options_(options),
        steps_(context.steps),
        stages_({options.warm_up_share}, context),
        l2_(per_replica_tensor(options.l2, context)),
        groups_(context.groups),
        keys_(context.child_keys("order")) {
    require_groups("pde", context);
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.group_labels = true;
    return access;
  }
  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 32.0 * sizes.training_rows;
  }

  /// Before the first minibatch is drawn.
  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    if (phase > 0) return;
    warm_up(trainer);
    expand(trainer);
    trainer.sample_rows(part_);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    trainer.step_from_losses(row_mean(row_losses(output, batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
    // At the end of a step, so that the next minibatch is drawn from the larger part.
    if (trainer.step() < steps_ && expand(trainer)) trainer.sample_rows(part_);
  }

  void visit_state(StateVisitor& visit) override {
    visit.on(at::kCPU)("part", part_);
    visit("expanded", expanded_);
  }

 private:
  /// As many rows of each group, the first in a random order.
  void warm_up(ReplicaTrainer& trainer) {
    const std::int64_t rows = trainer.training_rows();
    Tensor group =
        at::zeros({trainer.replicas(), rows}, at::device(trainer.device()).dtype(at::kLong));
    trainer.over_training_rows(
        [&](const Batch& batch) { put_table_rows(group, batch, batch.group); });
    const Tensor of_row = group.cpu().contiguous();
    const Tensor counts = count_groups(of_row, groups_);
    part_ = at::zeros({trainer.replicas(), rows}, at::kDouble);
    for (std::int64_t k = 0; k < trainer.replicas(); ++k) {
      const std::int64_t* count = counts.data_ptr<std::int64_t>() + k * groups_;
      std::int64_t least = std::numeric_limits<std::int64_t>::max();
      for (std::int64_t g = 0; g < groups_; ++g) {
        if (count[g] > 0) least = std::min(least, count[g]);
      }
      std::vector<std::int64_t> taken(static_cast<std::size_t>(groups_), 0);
      for (const std::int64_t row : permutation(keys_[static_cast<std::size_t>(k)], rows)) {
        const std::int64_t own = of_row.data_ptr<std::int64_t>()[k * rows + row];
        if (taken[static_cast<std::size_t>(own)]++ >= least) continue;
        part_.data_ptr<double>()[k * rows + row] = 1.0;
      }
    }
  }

  /// Adds the rows that are due; whether there were any.
  bool expand(const ReplicaTrainer& trainer) {
    const std::int64_t first = stages_.first_step(1, 0);
    const std::int64_t since = trainer.step() - first;
    const std::int64_t length = std::max<std::int64_t>(steps_ - first, 1);
    bool any = false;
    // Expansion j comes j / expansions of the way from the end of the warm-up to the last step.
    while (since >= 0 && expanded_ < options_.expansions &&
           expanded_ * length <= since * options_.expansions) {
      ++expanded_;
      any = true;
      add_rows();
    }
    return any;
  }

  void add_rows() {
    const std::int64_t rows = part_.size(1);
    for (std::int64_t k = 0; k < part_.size(0); ++k) {
      double* own = part_.data_ptr<double>() + k * rows;
      std::int64_t left = options_.added_rows.at(k);
      for (const std::int64_t row : permutation(keys_[static_cast<std::size_t>(k)], rows)) {
        if (left == 0) break;
        if (own[row] > 0.0) continue;
        own[row] = 1.0;
        --left;
      }
    }
  }

  Options options_;
  std::int64_t steps_;
  Stages stages_;
  Tensor l2_;
  std::int64_t groups_;
  std::vector<RandomKey> keys_;
  Tensor part_;                // float64 [K, N], in host memory: 1 for rows that are trained on
  std::int64_t expanded_ = 0;  // expansions so far
};

}  // namespace

void register_pde(Catalog& catalog);
void register_pde(Catalog& catalog) {
  catalog.methods.add<Pde>("pde", "Trains on balanced groups first, then on more and more rows.",
                           "Deng et al. 2023, arXiv:2306.04949");
}

}  // namespace spurion::methods
