#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"
#include "spurion/stages.hpp"

namespace spurion::methods {
namespace {

struct ErmPlusPlusOptions : L2Option {
  PerReplica<double> probing_share = 0.1;
  PerReplica<double> averaging_start = 0.12;
};

/// ERM++ (Teterwak et al. 2025), of it what does not need a pretrained image model: for a share of
/// the steps only the last layer is trained, then everything; the mean of the parameters over all
/// steps from `averaging_start` on is evaluated, and until then the trained parameters. The
/// authors' runs of 5000 steps train the last layer for 500 and average from 600. Left out: the
/// learning rate of the last layer of its own, the rate that falls with the validation loss, and
/// the last run on training and validation rows together. The ranges are ours.
class ErmPlusPlus final : public Method {
 public:
  using Options = ErmPlusPlusOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("probing_share", &O::probing_share,
                   "Share of the steps that train the last layer only.", between(0, 1),
                   uniform(0.0, 0.3))
            .field("averaging_start", &O::averaging_start,
                   "Share of the steps after which the average of the parameters begins.",
                   between(0, 1), uniform(0.1, 0.9))
            .include(L2Option::schema());
    return schema;
  }

  ErmPlusPlus(const Options& options, const MethodContext& context)
      : probing_({options.probing_share}, context),
        averaging_({options.averaging_start}, context),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 2.0 * sizes.parameters;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    probing_.begin_schedules(trainer);
    const std::int64_t now = trainer.step();
    const bool begins = probing_.any_begins(1, now);
    if (begins && now > 0) {
      trainer.restart(probing_.begins(1, now), trainer.parameters().detach());
    }
    if (!limited_ || begins) limit(trainer);
    limited_ = true;
    trainer.step_from_losses(row_mean(row_losses(trainer.forward(batch.x), batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
    average(trainer, averaging_.inside(1, now).to(trainer.device(), at::kFloat));
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& trainer) const override {
    if (!count_.defined()) return {};
    const Tensor begun = count_.gt(0.0).unsqueeze(1);
    return {{at::where(begun, average_, trainer.parameters().detach())}};
  }

  void visit_state(StateVisitor& visit) override {
    visit("average", average_);
    visit("count", count_);
  }

 private:
  /// What each replica trains at this step.
  void limit(ReplicaTrainer& trainer) const {
    const auto kind = at::device(trainer.device()).dtype(at::kLong);
    const Tensor in_last_layer = at::arange(trainer.parameters().size(1), kind)
                                     .ge(trainer.model().last_layer_offset())
                                     .unsqueeze(0);
    const Tensor probing = probing_.inside(0, trainer.step()).to(trainer.device()).unsqueeze(1);
    trainer.train_only(in_last_layer.logical_or(probing.logical_not()));
  }

  /// The trained parameters of the replicas where `inside` [K] is 1 enter their average.
  void average(const ReplicaTrainer& trainer, const Tensor& inside) {
    const Tensor now = trainer.parameters().detach();
    if (!count_.defined()) {
      average_ = at::zeros_like(now);
      count_ = at::zeros_like(inside);
    }
    count_ = count_ + inside;
    const Tensor share = (inside / count_.clamp_min(1.0)).unsqueeze(1);
    average_ = average_ + share * (now - average_);
  }

  Stages probing_;
  Stages averaging_;
  Tensor l2_;
  bool limited_ = false;  // of this process: a resumed run sets the limits again
  Tensor average_;        // [K, P]
  Tensor count_;          // [K]: steps in the average
};

}  // namespace

void register_erm_plus_plus(Catalog& catalog);
void register_erm_plus_plus(Catalog& catalog) {
  catalog.methods.add<ErmPlusPlus>(
      "erm_plus_plus", "Trains the last layer first, and evaluates the average of the weights.",
      "Teterwak et al. 2025, arXiv:2304.01973");
}

}  // namespace spurion::methods
