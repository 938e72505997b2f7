#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct KeyframeWeightingOptions : L2Option {
  PerReplica<double> keyframe_share = 0.1;
  PerReplica<double> keyframe_weight = 5.0;
  std::int64_t habit_updates = 300;
  PerReplica<double> habit_learning_rate = 1e-2;
};

/// Keyframes (Wen et al. 2021): the rows where the action changes count more. First a model of
/// habits learns to predict the action from the actions before it alone: here from the inputs of
/// the cue, which the mechanism tells. The share of the training rows with its largest losses are
/// the keyframes. Then the model minimises the mean of w l, with w = 5 for keyframes and 1 for
/// others.
///
/// Constants are those of the authors' code: a tenth of the rows, w = 5, one hidden layer of 300
/// units. The model of habits is trained before the first update, on parts of the training set; its
/// updates are no updates of the trial, but count as operations. Of rows with the same loss those
/// with the smaller number are keyframes.
class KeyframeWeighting final : public Method {
 public:
  using Options = KeyframeWeightingOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("keyframe_share", &O::keyframe_share, "Share of the rows that are keyframes.",
                   between(0, 1), log_uniform(1e-2, 5e-1))
            .field("keyframe_weight", &O::keyframe_weight,
                   "Weight of a keyframe; that of another row is 1.", at_least(0),
                   log_uniform(1, 20))
            .field("habit_updates", &O::habit_updates, "Updates of the model of habits.",
                   between(1, 1000000))
            .field("habit_learning_rate", &O::habit_learning_rate,
                   "Step size of the Adam of the model of habits.", positive())
            .include(L2Option::schema());
    return schema;
  }

  KeyframeWeighting(const Options& options, const MethodContext& context)
      : options_(options),
        context_(context),
        habit_("habit", {context.outputs, 1, kWidth}),
        l2_(per_replica_tensor(options.l2, context)) {
    if (context.cue_inputs.defined()) {
      cue_ = context.cue_inputs.flatten(1).unsqueeze(1).to(context.device, at::kFloat);
    }
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.cue_inputs = true;
    return access;
  }
  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& /*model*/) const override {
    std::int64_t inputs = 1;
    for (const std::int64_t size : context_.input_shape) inputs *= size;
    OptimizerOptions optimizer;
    optimizer.learning_rate = options_.habit_learning_rate;
    return {habit_.block(inputs, context_, optimizer)};
  }
  /// The training set while habits are learned, and a weight for each row.
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return sizes.training_rows * (sizes.row + 16.0);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    SPURION_CHECK(cue_.defined(), "keyframe_weighting trains without the inputs of the cue");
    if (!weights_.defined()) find_keyframes(trainer);
    const Output output = trainer.forward(batch.x);
    const Tensor losses = row_losses(output, batch);
    trainer.step_from_losses(row_mean(losses * table_rows(weights_, batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
  }

  void visit_state(StateVisitor& visit) override { visit("weights", weights_); }

 private:
  static constexpr std::int64_t kWidth = 300;

  /// Losses [K, E, B] of the model of habits.
  [[nodiscard]] Tensor habit_losses(const ReplicaTrainer& trainer, const Batch& rows) const {
    Output guess;
    guess.logits = habit_(trainer, rows.x.flatten(2) * cue_);
    return row_losses(guess, rows);
  }

  void find_keyframes(ReplicaTrainer& trainer) {
    std::vector<Batch> parts;
    trainer.over_training_rows([&](const Batch& part) { parts.push_back(part); });
    for (std::int64_t update = 0; update < options_.habit_updates; ++update) {
      const Batch& part = parts[static_cast<std::size_t>(update) % parts.size()];
      trainer.step_own(habit_.name(), row_mean(habit_losses(trainer, part), part));
    }
    const at::NoGradGuard no_grad;
    Tensor losses =
        at::zeros({trainer.replicas(), trainer.training_rows()}, at::device(trainer.device()));
    for (const Batch& part : parts) put_table_rows(losses, part, habit_losses(trainer, part));
    const Tensor known = losses.to(at::kCPU).contiguous();
    Tensor weights = at::ones_like(known);
    const auto count = static_cast<std::size_t>(known.size(1));
    for (std::int64_t k = 0; k < known.size(0); ++k) {
      const auto replica = static_cast<std::size_t>(k);
      const float* own = known.data_ptr<float>() + k * known.size(1);
      std::vector<std::size_t> order(count);
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return own[a] > own[b]; });
      const auto keyframes = static_cast<std::size_t>(
          std::llround(options_.keyframe_share.at(replica) * static_cast<double>(count)));
      float* weight = weights.data_ptr<float>() + k * known.size(1);
      for (std::size_t i = 0; i < keyframes; ++i) {
        weight[order[i]] = static_cast<float>(options_.keyframe_weight.at(replica));
      }
    }
    weights_ = weights.to(trainer.device());
  }

  Options options_;
  MethodContext context_;
  OwnPerceptron habit_;
  Tensor l2_;
  Tensor cue_;      // float32 [K, 1, D]
  Tensor weights_;  // [K, N]; undefined: not found yet
};

}  // namespace

void register_keyframe_weighting(Catalog& catalog);
void register_keyframe_weighting(Catalog& catalog) {
  catalog.methods.add<KeyframeWeighting>(
      "keyframe_weighting", "Upweights the rows whose action the previous action does not tell.",
      "Wen et al. 2021, arXiv:2106.06452");
}

}  // namespace spurion::methods
