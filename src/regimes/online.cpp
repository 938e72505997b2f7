#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <deque>
#include <utility>

#include "regimes/shared/online_stream.hpp"
#include "regimes/shared/trajectory_regime.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

struct OnlineOptions : OnlineStreamOptions {
  std::int64_t label_delay = 0;
  double label_share = 1.0;
};

/// Test-then-train: after training on the train domains, rows of a stream come once each; every
/// batch is predicted before it is learned from (prequential evaluation, Dawid 1984). The stream's
/// correlation shifts at the start of each phase.
///
/// Labels of a batch arrive `label_delay` batches later, and only of a `label_share` of its rows,
/// the first of each domain (rows are independent draws, so which ones does not matter).
class Online final : public TrajectoryRegime<OnlineOptions> {
 public:
  using TrajectoryRegime::TrajectoryRegime;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(OnlineStreamOptions::schema())
            .field("label_delay", &Options::label_delay,
                   "Number of minibatches between a minibatch and its labels.", at_least(0))
            .field("label_share", &Options::label_share, "Share of rows whose label is revealed.",
                   Bounds{0.0, 1.0, true, false, {}});
    return schema;
  }

  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return static_cast<double>(options_.label_delay + 1) * sizes.batch_rows * sizes.row;
  }

  void check(const Environment& environment, const TrainingOptions& training) const override {
    TrajectoryRegime::check(environment, training);
    require_rows(options_, training, environment);
    const Trajectory trajectory(options_, environment);
    std::int64_t steps = 0;
    for (std::int64_t phase = 1; phase < trajectory.count(); ++phase) {
      steps += trajectory.steps(phase, training.steps);
    }
    if (options_.label_delay >= steps) {
      throw UsageError(
          fmt::format("label_delay = {}: the stream has {} minibatches, so no label would arrive "
                      "before its end",
                      options_.label_delay, steps));
    }
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    Run run{context, method, trainer, evaluator};
    Delayed body(run, options_);
    run_online(run, options_, body);
  }

 private:
  /// Keeps batches until their labels are there.
  class Delayed final : public OnlineStream {
   public:
    Delayed(Run& run, const Options& options) : OnlineStream(run, options), options_(&options) {}

    void learn(const Batch& batch, const Tensor& /*logits*/, const Tensor& /*choice*/,
               const Place& /*place*/) override {
      waiting_.push_back(labelled(batch));
      if (static_cast<std::int64_t>(waiting_.size()) <= options_->label_delay) return;
      const Batch due = std::move(waiting_.front());
      waiting_.pop_front();
      update(due, due.domains * due.rows_per_domain);
    }

    void visit_state(StateVisitor& visit) override {
      OnlineStream::visit_state(visit);
      std::vector<Tensor> x;
      std::vector<Tensor> y;
      for (const Batch& batch : waiting_) {
        x.push_back(batch.x);
        y.push_back(batch.y);
      }
      visit("waiting_x", x);
      visit("waiting_y", y);
      if (!visit.loading()) return;
      waiting_.clear();
      for (std::size_t i = 0; i < x.size(); ++i) {
        Batch batch;
        batch.x = x[i];
        batch.y = y[i];
        batch.domains = y[i].size(1);
        batch.rows_per_domain = y[i].size(2);
        batch.task = run_->context.environments.front()->info().task;
        waiting_.push_back(std::move(batch));
      }
    }

   private:
    [[nodiscard]] Batch labelled(const Batch& batch) const {
      if (options_->label_share == 1.0) return batch;
      const auto kept = std::max<std::int64_t>(
          1, std::llround(options_->label_share * static_cast<double>(batch.rows_per_domain)));
      const std::int64_t sets = batch.x.size(0);
      return select_rows(batch, at::arange(kept, at::kLong).expand({sets, batch.domains, kept}));
    }

    const Options* options_;
    std::deque<Batch> waiting_;
  };
};

}  // namespace

void register_online(Catalog& catalog);
void register_online(Catalog& catalog) {
  catalog.regimes.add<Online>("online",
                              "Test-then-train on a stream whose cues shift at known times.",
                              "Dawid 1984 (prequential evaluation)");
}

}  // namespace spurion::regimes
