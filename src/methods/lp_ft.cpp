#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"
#include "spurion/stages.hpp"

namespace spurion::methods {
namespace {

struct LpFtOptions : L2Option {
  PerReplica<double> probing_share = 0.5;
};

/// Linear probing, then fine-tuning (Kumar et al. 2022): for a share of the steps only the last
/// layer is trained, then everything. Both stages are ERM; the optimiser and the schedule of the
/// learning rate start anew at the second. The paper starts from pretrained features: from random
/// ones the first stage fits the last layer to random features.
class LpFt final : public Method {
 public:
  using Options = LpFtOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>()
                                   .field("probing_share", &Options::probing_share,
                                          "Share of the steps that train the last layer only.",
                                          between(0, 1), uniform(0.1, 0.9))
                                   .include(L2Option::schema());
    return schema;
  }

  LpFt(const Options& options, const MethodContext& context)
      : stages_({options.probing_share}, context), l2_(per_replica_tensor(options.l2, context)) {}

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const std::int64_t now = trainer.step();
    const bool begins = stages_.any_begins(1, now);
    if (begins && now > 0) {
      trainer.restart(stages_.begins(1, now), trainer.parameters().detach());
    }
    if (!limited_ || begins) limit(trainer);
    limited_ = true;
    stages_.begin_schedules(trainer);
    trainer.step_from_losses(row_mean(row_losses(trainer.forward(batch.x), batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  /// What each replica trains at this step.
  void limit(ReplicaTrainer& trainer) const {
    const std::int64_t count = trainer.parameters().size(1);
    const auto kind = at::device(trainer.device());
    const Tensor in_last_layer = at::arange(count, kind.dtype(at::kLong))
                                     .ge(trainer.model().last_layer_offset())
                                     .unsqueeze(0);
    const Tensor probing = stages_.inside(0, trainer.step()).to(trainer.device()).unsqueeze(1);
    trainer.train_only(in_last_layer.logical_or(probing.logical_not()));
  }

  Stages stages_;
  Tensor l2_;
  bool limited_ = false;  // of this process: a resumed run sets the limits again
};

}  // namespace

void register_lp_ft(Catalog& catalog);
void register_lp_ft(Catalog& catalog) {
  catalog.methods.add<LpFt>("lp_ft", "Trains the last layer first, then everything.",
                            "Kumar et al. 2022, arXiv:2202.10054");
}

}  // namespace spurion::methods
