#include <ATen/ATen.h>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "nouns/weighted_rows.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct CncOptions : L2Option {
  double reference_share = 0.5;
  PerReplica<double> contrastive_weight = 0.5;
  PerReplica<double> temperature = 0.05;
};

/// Correct-n-contrast (Zhang et al. 2022). Stage 1 is ERM for a share of the steps; its prediction
/// of each training row stands for the cue. Stage 2 trains fresh parameters with the rest of the
/// steps by (1 - w) CE + w C. For a row i as the anchor, the positives P have its label and another
/// prediction, the negatives another label and its prediction; with the cosine s_ij of the
/// features, C is the mean over the anchors that have both of
///
///     mean_(p in P) -log [exp(s_ip / T) / sum_(j in P or negative) exp(s_ij / T)].
///
/// w = 0.5 and T = 0.05 are the defaults of the authors' code; its commands use w = 0.75 and T of
/// 0.05 or 0.1. The authors draw anchors with their positives and negatives; here every row of the
/// minibatch is an anchor, and minibatches are drawn so that each pair of label and prediction is
/// as frequent as another. Where the first stage predicts every row rightly there are no positives:
/// C is 0. The features are those before the last layer, as without a projection head there.
class Cnc final : public Method {
 public:
  using Options = CncOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("reference_share", &O::reference_share,
                   "Share of the steps of the first stage, which predicts the rows.", between(0, 1),
                   uniform(0.2, 0.8))
            .field("contrastive_weight", &O::contrastive_weight, "Share w of the contrastive loss.",
                   between(0, 1), choice({0.5, 0.75}))
            .field("temperature", &O::temperature, "Temperature T of the similarities.", positive(),
                   choice({0.05, 0.1}))
            .include(L2Option::schema());
    return schema;
  }

  Cnc(const Options& options, const MethodContext& context)
      : steps_(context.steps),
        stages_({options.reference_share}, context),
        weight_(per_replica_tensor(options.contrastive_weight, context)),
        temperature_(per_replica_tensor(options.temperature, context).reshape({-1, 1, 1})),
        l2_(per_replica_tensor(options.l2, context)),
        classes_(context.task == Task::binary ? 2 : context.outputs),
        keys_(context.child_keys("second stage")) {
    if (context.task == Task::regression) {
      throw UsageError("cnc needs classes: it contrasts rows by label and prediction");
    }
  }

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }
  /// Similarities, their powers, masks and gradients, float32 for each pair of rows.
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 24.0 * sizes.training_rows + 4.0 * 14.0 * sizes.batch_rows * sizes.batch_rows;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    stages_.begin_schedules(trainer);
    if (trainer.step() == 0 && stages_.any_begins(1, 0)) begin_contrast(trainer);
    const Output output = trainer.forward(batch.x);
    const Tensor risk = row_mean(row_losses(output, batch), batch);
    const Tensor l2 = l2_penalty(l2_, trainer.parameters());
    if (predicted_.defined()) {
      trainer.step_from_losses((1.0 - weight_) * risk + weight_ * contrast(output, batch) + l2);
      return;
    }
    trainer.step_from_losses(risk + l2);
    // At the end of a step, so that the next minibatch is drawn by the new weights.
    const std::int64_t now = trainer.step();
    if (now < steps_ && stages_.any_begins(1, now)) begin_contrast(trainer);
  }

  void visit_state(StateVisitor& visit) override { visit("predicted", predicted_); }

 private:
  /// All replicas of a pack have the same share, so all begin the second stage together.
  void begin_contrast(ReplicaTrainer& trainer) {
    const auto kind = at::device(trainer.device()).dtype(at::kLong);
    predicted_ = at::zeros({trainer.replicas(), trainer.training_rows()}, kind);
    Tensor pair = at::zeros_like(predicted_);
    trainer.over_training_rows([&](const Batch& rows) {
      const Tensor guess = losses::predict(rows.task, trainer.forward(rows.x).logits);
      const Tensor by_domain =
          guess.to(at::kLong).reshape({guess.size(0), rows.domains, rows.rows_per_domain});
      put_table_rows(predicted_, rows, by_domain);
      put_table_rows(pair, rows, by_domain * classes_ + rows.y.expand_as(by_domain));
    });
    trainer.sample_rows(nouns::balancing_weights(pair.cpu()));
    trainer.restart(at::ones({trainer.replicas()}, at::kBool), trainer.fresh_parameters(keys_));
  }

  /// C, [K].
  [[nodiscard]] Tensor contrast(const Output& output, const Batch& batch) const {
    const std::int64_t replicas = output.logits.size(0);
    const Tensor features = output.features.expand({replicas, -1, -1});
    const std::int64_t rows = features.size(1);
    const Tensor norms = (row_sums(features * features) + 1e-12).sqrt().unsqueeze(2);
    const Tensor unit = features / norms;
    const Tensor similar =
        engine::batched_matmul(unit, engine::Transpose::no, unit, engine::Transpose::yes) /
        temperature_;
    const Tensor label = batch.y.flatten(1).expand({replicas, rows});
    const Tensor guess = table_rows(predicted_, batch).flatten(1);
    const Tensor same_label = label.unsqueeze(2).eq(label.unsqueeze(1));
    const Tensor same_guess = guess.unsqueeze(2).eq(guess.unsqueeze(1));
    // What a row counts as a positive or a negative is its weight in the minibatch.
    const auto counted = [&](const Tensor& mask) {
      const Tensor one = mask.to(similar.scalar_type());
      return batch.weight.defined() ? one * batch.weight.flatten(1).unsqueeze(1) : one;
    };
    const Tensor positive = counted(same_label.logical_and(same_guess.logical_not()));
    const Tensor negative = counted(same_guess.logical_and(same_label.logical_not()));
    const Tensor either = positive + negative;
    const Tensor zero = at::zeros_like(similar);
    const Tensor most = at::amax(
        at::where(either.gt(0.0), similar.detach(), at::full_like(similar, -1e30)), {2}, true);
    const Tensor power = losses::exp(at::where(either.gt(0.0), similar - most, zero)) * either;
    const Tensor positives = row_sums(positive);
    const Tensor has = positives.gt(0.0).logical_and(row_sums(negative).gt(0.0));
    const Tensor one = at::ones_like(positives);
    const Tensor pulled = row_sums(similar * positive) / at::where(has, positives, one);
    const Tensor spread = losses::log(at::where(has, row_sums(power), one));
    const Tensor each =
        at::where(has, most.squeeze(2) + spread - pulled, at::zeros_like(positives));
    Tensor anchors = has.to(similar.scalar_type());
    if (batch.weight.defined()) anchors = anchors * batch.weight.flatten(1);
    const Tensor share = weighted_mean(anchors, at::ones({1, rows}, anchors.options()));
    return weighted_mean(each, anchors) / at::where(share.gt(0.0), share, at::ones_like(share));
  }

  /// Sums over the last dimension of [K, R, R]: [K, R]. The bits of a replica do not depend on K.
  static Tensor row_sums(const Tensor& values) {
    const Tensor one = at::ones({1, values.size(2), 1}, values.options());
    return engine::batched_matmul(values, engine::Transpose::no, one, engine::Transpose::no)
        .squeeze(2);
  }

  std::int64_t steps_;
  Stages stages_;
  Tensor weight_;
  Tensor temperature_;
  Tensor l2_;
  std::int64_t classes_;
  std::vector<RandomKey> keys_;
  Tensor predicted_;  // int64 [K, N]: the first stage's prediction of each training row
};

}  // namespace

void register_cnc(Catalog& catalog);
void register_cnc(Catalog& catalog) {
  catalog.methods.add<Cnc>("cnc", "Contrasts rows of one label that a first stage tells apart.",
                           "Zhang et al. 2022, arXiv:2203.01517");
}

}  // namespace spurion::methods
