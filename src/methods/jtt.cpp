#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct JttOptions : L2Option {
  double identification_share = 0.5;
  PerReplica<double> upsampling = 10.0;
};

/// Just train twice (Liu et al. 2021). Stage 1 is ERM for a share of the steps. Then the rows of
/// the training set that it predicts wrongly are identified, and stage 2 trains fresh parameters
/// with the rest of the steps, where a wrong row is drawn `upsampling` times as often as another:
/// the objective lambda sum_wrong l + sum_right l of the paper. (The authors' code adds `up_weight`
/// copies of each wrong row, so its factor is up_weight + 1.) Both stages together have the steps
/// of the trial, and each has a schedule of the learning rate of its own. Defaults and ranges are
/// those of SubpopBench; the paper tunes them for each data set.
class Jtt final : public Method {
 public:
  using Options = JttOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("identification_share", &O::identification_share,
                   "Share of the steps of the first stage, which identifies wrong rows.",
                   between(0, 1), uniform(0.2, 0.8))
            .field("upsampling", &O::upsampling,
                   "How many times as often as another a wrong row is drawn.", at_least(1),
                   log_uniform(1, 316))
            .include(L2Option::schema());
    return schema;
  }

  Jtt(const Options& options, const MethodContext& context)
      : steps_(context.steps),
        stages_({options.identification_share}, context),
        upsampling_(per_replica_tensor(options.upsampling, context).reshape({-1, 1})),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("second stage")) {
    if (context.task == Task::regression) {
      throw UsageError("jtt needs classes: it looks for rows that are predicted wrongly");
    }
  }

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 16.0 * sizes.training_rows;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    if (trainer.step() == 0 && stages_.any_begins(1, 0)) start_second_stage(trainer);
    stages_.begin_schedules(trainer);
    const Output output = trainer.forward(batch.x);
    trainer.step_from_losses(row_mean(row_losses(output, batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
    // At the end of a step, so that the next minibatch is drawn by the new weights.
    const std::int64_t now = trainer.step();
    if (now < steps_ && stages_.any_begins(1, now)) start_second_stage(trainer);
  }

 private:
  /// All replicas of a pack have the same share, so all begin the stage together.
  void start_second_stage(ReplicaTrainer& trainer) const {
    Tensor weights =
        at::ones({trainer.replicas(), trainer.training_rows()}, at::device(trainer.device()));
    trainer.over_training_rows([&](const Batch& rows) {
      const Tensor right = row_correct(trainer.forward(rows.x), rows);
      const Tensor factor = upsampling_.unsqueeze(2).expand(right.sizes());
      put_table_rows(weights, rows, at::where(right, at::ones_like(factor), factor));
    });
    trainer.sample_rows(weights);
    trainer.restart(at::ones({trainer.replicas()}, at::kBool), trainer.fresh_parameters(keys_));
  }

  std::int64_t steps_;
  Stages stages_;
  Tensor upsampling_;
  Tensor l2_;
  std::vector<RandomKey> keys_;
};

}  // namespace

void register_jtt(Catalog& catalog);
void register_jtt(Catalog& catalog) {
  catalog.methods.add<Jtt>("jtt", "Trains a second time with the errors of the first upsampled.",
                           "Liu et al. 2021, arXiv:2107.09044");
}

}  // namespace spurion::methods
