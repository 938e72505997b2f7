#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/distillation.hpp"
#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"
#include "spurion/stages.hpp"

namespace spurion::methods {
namespace {

struct SelfOptions : L2Option {
  double training_share = 0.9;
  double early_share = 0.1;
  std::int64_t rows = 100;
  std::int64_t validation_rows = 500;
};

/// Last-layer SELF with early stopping (LaBonte et al. 2023). ERM for a share of the steps; a copy
/// of the parameters is kept early in it. Then the `rows` held-out rows of the train domains on
/// which KL(early || final) of the predictions is largest are chosen, and the last layer is trained
/// further on them, from where it is. The authors draw these rows so that all classes are equally
/// likely; here every update has all of them, and every class of them has the same weight. Their
/// numbers of rows are 20, 100 or 500, with a learning rate of its own for the 250 steps of the
/// last layer; here the optimiser starts anew with the rate of the trial. Shares and their ranges
/// are ours; the authors' copies are from epoch 1, 2 or 5 of 100. A selection by validation rows
/// sees rows that the last layer was trained on.
class Self final : public Method {
 public:
  using Options = SelfOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("training_share", &O::training_share,
                   "Share of the steps that train everything.", between(0, 1), uniform(0.5, 0.95))
            .field("early_share", &O::early_share,
                   "Share of those steps after which the early copy is kept.", between(0, 1),
                   log_uniform(0.01, 0.5))
            .field("rows", &O::rows, "Held-out rows that the last layer is trained on, at most.",
                   between(1, 1e6),
                   choice({std::int64_t{20}, std::int64_t{100}, std::int64_t{500}}))
            .field("validation_rows", &O::validation_rows,
                   "Held-out rows of each train domain to choose from, at most.", between(1, 1e9))
            .include(L2Option::schema());
    return schema;
  }

  Self(const Options& options, const MethodContext& context)
      : options_(options),
        stages_({options.training_share}, context),
        l2_(per_replica_tensor(options.l2, context)) {
    (void)classes_of("self", context);
    early_step_ = std::llround(options.early_share * static_cast<double>(stages_.first_step(1, 0)));
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.validation_rows = true;
    return access;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return sizes.parameters + static_cast<double>(options_.validation_rows + options_.rows) *
                                  (sizes.row + sizes.activations);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    stages_.begin_schedules(trainer);
    const std::int64_t now = trainer.step();
    if (now == early_step_) early_ = trainer.parameters().detach().clone();
    if (stages_.any_begins(1, now)) choose(trainer);
    if (!chosen_.defined()) {
      trainer.step_from_losses(row_mean(row_losses(trainer.forward(batch.x), batch), batch) +
                               l2_penalty(l2_, trainer.parameters()));
      return;
    }
    if (!x_.defined()) take(trainer);
    const Tensor rows = losses::row_loss(batch.task, trainer.forward(x_).logits, y_);
    trainer.step_from_losses(weighted_mean(rows, weight_) + l2_penalty(l2_, trainer.parameters()));
  }

  void visit_state(StateVisitor& visit) override {
    visit("early", early_);
    visit("chosen", chosen_);
  }

 private:
  /// The second stage begins, for all replicas of a pack together.
  void choose(ReplicaTrainer& trainer) {
    const at::NoGradGuard no_grad;
    const Batch held_out = trainer.validation_rows(options_.validation_rows);
    const Tensor early = trainer.forward_at(early_, held_out.x).logits;
    const Tensor divergence =
        row_divergences(held_out.task, trainer.forward(held_out.x).logits, early);
    const std::int64_t count = std::min(options_.rows, divergence.size(1));
    chosen_ = std::get<1>(divergence.sort(/*stable=*/true, 1, /*descending=*/true))
                  .narrow(1, 0, count)
                  .contiguous();
    if (trainer.step() > 0) {
      trainer.restart(at::ones({trainer.replicas()}, at::kBool), trainer.parameters().detach());
    }
  }

  /// The chosen rows, and what may move: again in a run that is resumed.
  void take(ReplicaTrainer& trainer) {
    const at::NoGradGuard no_grad;
    const Batch held_out = trainer.validation_rows(options_.validation_rows);
    const std::int64_t replicas = trainer.replicas();
    std::vector<Tensor> x;
    std::vector<Tensor> y;
    for (std::int64_t k = 0; k < replicas; ++k) {
      const auto own = [&](const Tensor& rows) {
        return rows[rows.size(0) == 1 ? 0 : k].index_select(0, chosen_[k]);
      };
      x.push_back(own(held_out.x));
      y.push_back(own(held_out.y.flatten(1)));
    }
    x_ = at::stack(x);
    y_ = at::stack(y);
    // Of a class with n of N rows, and C classes among them: N / (C n).
    const Tensor same = y_.unsqueeze(2).eq(y_.unsqueeze(1)).to(at::kFloat).sum(2);
    const Tensor classes = same.reciprocal().sum(1, true).round();
    weight_ = static_cast<double>(y_.size(1)) / (classes * same);
    const auto kind = at::device(trainer.device()).dtype(at::kLong);
    trainer.train_only(
        at::arange(trainer.parameters().size(1), kind).ge(trainer.model().last_layer_offset()));
  }

  Options options_;
  Stages stages_;
  Tensor l2_;
  std::int64_t early_step_ = 0;
  Tensor early_;   // [K, P]
  Tensor chosen_;  // int64 [K, n]: numbers of held-out rows
  Tensor x_;       // [K, n, ...]: those rows
  Tensor y_;       // [K, n]
  Tensor weight_;  // [K, n]
};

}  // namespace

void register_self(Catalog& catalog);
void register_self(Catalog& catalog) {
  catalog.methods.add<Self>(
      "self", "Trains the last layer on rows where an early copy predicts differently.",
      "LaBonte et al. 2023, arXiv:2309.08534");
}

}  // namespace spurion::methods
