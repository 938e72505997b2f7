#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "core/work_clock.hpp"
#include "regimes/schedule.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/regime.hpp"

namespace spurion {
namespace {

struct OnlineOptions : ScheduleOptions {
  std::int64_t windows = 20;
};

/// Test-then-train: after training on the train domains, rows of a stream come once each; every
/// batch is predicted before it is learned from (prequential evaluation, Dawid 1984). The stream's
/// correlation shifts at the start of each phase.
class Online final : public Regime {
 public:
  using Options = OnlineOptions;
  static const Schema<Options>& schema() {
    static const auto schema = [] {
      Schema<Options> fields;
      return ScheduleOptions::add_to(fields).field(
          "windows", &Options::windows,
          "Windows of each phase over which predictions are averaged.", at_least(1));
    }();
    return schema;
  }
  explicit Online(Options options) : options_(std::move(options)) {}

  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  [[nodiscard]] std::vector<Domain> schedule(const Environment& environment) const override {
    return Schedule(options_, environment).domains();
  }

  void run(const RegimeContext& context, Method& method, Trainee& trainee,
           Evaluator& evaluator) const override {
    const Schedule schedule(options_, *context.environments.front());
    pretrain(context, schedule, method, trainee, evaluator);
    const std::int64_t rows = std::max<std::int64_t>(context.training.batch, 1);
    for (std::int64_t phase = 1; phase < schedule.count(); ++phase) {
      const std::int64_t steps = schedule.steps(phase, context.training.steps);
      const StreamSource stream(context, phase_slots(options_, phase, steps * rows), steps * rows);
      Window window(schedule.domains()[static_cast<std::size_t>(phase)], phase);
      method.begin_phase(trainee, phase);
      for (std::int64_t step = 0; step < steps; ++step) {
        const Batch batch = stream.batch(step * rows, rows);
        window.predict(trainee, batch);
        method.step(trainee, batch);
        const std::int64_t seen = batch.domains * batch.rows_per_domain;
        evaluator.count_update(trainee, seen, seen);
        // The last step of each of `windows` equal parts of the phase.
        if ((step + 1) * options_.windows / steps != step * options_.windows / steps) {
          window.close(trainee, evaluator);
        }
      }
      evaluator.measure(trainee, phase, Detail::full);
    }
  }

 private:
  /// Averages predictions made before learning.
  class Window {
   public:
    Window(Domain domain, std::int64_t phase) : domain_(std::move(domain)), phase_(phase) {
      domain_.name = "stream";
    }
    void predict(Trainee& trainee, const Batch& batch) {
      const core::ActivityScope scope(core::Activity::evaluation);
      const at::NoGradGuard no_grad;
      const Tensor logits = trainee.forward(batch.x).logits;
      const Tensor targets = batch.y.flatten(1);
      const Tensor loss = losses::row_loss(batch.task, logits, targets).to(at::kDouble).mean(1);
      if (batch.task != Task::regression) {
        const Tensor right =
            losses::predict(batch.task, logits).eq(targets).to(at::kDouble).mean(1);
        accuracy_ = accuracy_.defined() ? accuracy_ + right : right;
      }
      loss_ = loss_.defined() ? loss_ + loss : loss;
      ++batches_;
    }
    void close(const Trainee& trainee, Evaluator& evaluator) {
      const auto count = static_cast<double>(batches_);
      if (accuracy_.defined()) {
        evaluator.record(trainee, phase_, domain_, "prequential_accuracy", accuracy_ / count);
      }
      evaluator.record(trainee, phase_, domain_, "prequential_loss", loss_ / count);
      accuracy_ = Tensor();
      loss_ = Tensor();
      batches_ = 0;
    }

   private:
    Domain domain_;
    std::int64_t phase_;
    Tensor accuracy_;
    Tensor loss_;
    std::int64_t batches_ = 0;
  };

  void pretrain(const RegimeContext& context, const Schedule& schedule, Method& method,
                Trainee& trainee, Evaluator& evaluator) const {
    const RowSource source(context, phase_slots(options_, 0, context.training.rows),
                           context.training.rows);
    method.begin_phase(trainee, 0);
    const std::int64_t steps = schedule.steps(0, context.training.steps);
    for (std::int64_t step = 0; step < steps; ++step) {
      const Batch batch = source.batch(step, context.training.batch);
      method.step(trainee, batch);
      evaluator.count_update(trainee, batch.domains * batch.rows_per_domain,
                             source.new_rows(step, context.training.batch));
    }
    evaluator.measure(trainee, 0, Detail::full);
  }

  Options options_;
};

}  // namespace

void register_online(Catalog& catalog);
void register_online(Catalog& catalog) {
  catalog.regimes.add<Online>(
      "online", "Test-then-train over a stream whose correlation shifts at known times.",
      "Dawid 1984 (prequential evaluation)");
}

}  // namespace spurion
