#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct LffOptions : L2Option {
  PerReplica<double> amplification = 0.7;
  PerReplica<double> smoothing = 0.7;
};

/// Learning from failure (Nam et al. 2020). A biased copy of the model minimises the generalised
/// cross-entropy, whose gradient is that of q p_y^q CE with the weight held constant: it learns
/// what is easy. The model minimises the mean of w CE, with w = b / (b + d + 1e-8): b and d are the
/// losses of a row under the biased copy and the model, each an exponential average over the visits
/// of the row (s old + (1 - s) new, the first visit alone), divided by the largest of its class.
/// Constants are those of the authors' code: q = 0.7, s = 0.7, one optimiser for both. Only the
/// model is evaluated. A class whose losses are all 0 divides by 1e-12, so nothing is 0 / 0.
class Lff final : public Method {
 public:
  using Options = LffOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("amplification", &O::amplification,
                   "Exponent q of the generalised cross-entropy.", between(0, 1),
                   uniform(0.05, 0.95))
            .field("smoothing", &O::smoothing,
                   "Share s of the old value in the average of a row's loss.", between(0, 1))
            .include(L2Option::schema());
    return schema;
  }

  Lff(const Options& options, const MethodContext& context)
      : context_(context),
        amplification_(per_replica_tensor(options.amplification, context).reshape({-1, 1, 1})),
        smoothing_(per_replica_tensor(options.smoothing, context).reshape({-1, 1, 1})),
        l2_(per_replica_tensor(options.l2, context)),
        classes_(context.task == Task::binary ? 2 : context.outputs) {
    if (context.task == Task::regression) {
      throw UsageError("lff needs classes: its losses are compared within each");
    }
  }

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    return {second_model(kBiased, model, context_)};
  }
  [[nodiscard]] double cost_factor() const override { return 2.0; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 32.0 * sizes.training_rows;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    if (!labels_.defined()) open(trainer);
    const Tensor losses = row_losses(trainer.forward(batch.x), batch);
    const Tensor biased = row_losses(trainer.forward_at(trainer.own(kBiased), batch.x), batch);
    const Tensor seen = table_rows(labels_, batch).ge(0);
    const Tensor label = batch.y.expand_as(losses);
    put_table_rows(labels_, batch, label);
    const Tensor b = relative(biased_losses_, biased, seen, batch);
    const Tensor d = relative(model_losses_, losses, seen, batch);
    const Tensor weight = b / (b + d + 1e-8);
    const Tensor confidence = losses::exp(-amplification_ * biased.detach());  // p_y^q
    trainer.step_own(kBiased, row_mean(amplification_ * confidence * biased, batch));
    trainer.step_from_losses(row_mean(weight * losses, batch) +
                             l2_penalty(l2_, trainer.parameters()));
  }

  void visit_state(StateVisitor& visit) override {
    visit("labels", labels_);
    visit("biased_losses", biased_losses_);
    visit("model_losses", model_losses_);
  }

 private:
  static constexpr const char* kBiased = "biased";

  void open(const ReplicaTrainer& trainer) {
    const auto kind = at::device(trainer.device());
    const Shape shape = {trainer.replicas(), trainer.training_rows()};
    labels_ = at::full(shape, -1, kind.dtype(at::kLong));
    biased_losses_ = at::zeros(shape, kind);
    model_losses_ = at::zeros(shape, kind);
  }

  /// Averages the losses of these rows into a table; returns them over the largest of their class.
  [[nodiscard]] Tensor relative(Tensor& table, const Tensor& losses, const Tensor& seen,
                                const Batch& batch) const {
    const Tensor now = losses.detach();
    const Tensor old = table_rows(table, batch);
    const Tensor average = at::where(seen, smoothing_ * old + (1.0 - smoothing_) * now, now);
    put_table_rows(table, batch, average);
    std::vector<Tensor> largest;
    for (std::int64_t c = 0; c < classes_; ++c) {
      const Tensor of_class = at::where(labels_.eq(c), table, at::zeros_like(table));
      largest.push_back(std::get<0>(of_class.max(1)));
    }
    const Tensor of_row =
        at::stack(largest, 1).gather(1, batch.y.expand_as(average).flatten(1)).reshape_as(average);
    return average / of_row.clamp_min(1e-12);
  }

  MethodContext context_;
  Tensor amplification_;
  Tensor smoothing_;
  Tensor l2_;
  std::int64_t classes_;
  Tensor labels_;         // int64 [K, N]; -1: not seen yet
  Tensor biased_losses_;  // [K, N]
  Tensor model_losses_;   // [K, N]
};

}  // namespace

void register_lff(Catalog& catalog);
void register_lff(Catalog& catalog) {
  catalog.methods.add<Lff>("lff", "Upweights the rows on which a biased copy of the model fails.",
                           "Nam et al. 2020, arXiv:2007.02561");
}

}  // namespace spurion::methods
