#include <ATen/ATen.h>

#include <utility>

#include "regimes/schedule.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"

namespace spurion {
namespace {

struct ContinualOptions : ScheduleOptions {
  bool reset_optimizer = false;
};

/// A sequence of phases, each with its own spurious correlation: training on the train domains,
/// then fine-tuning on each phase's training set in turn. Measured after every phase on all phases.
class Continual final : public Regime {
 public:
  using Options = ContinualOptions;
  static const Schema<Options>& schema() {
    static const auto schema = [] {
      Schema<Options> fields;
      return ScheduleOptions::add_to(fields).field("reset_optimizer", &Options::reset_optimizer,
                                                   "Forget the optimiser's state at each phase.");
    }();
    return schema;
  }
  explicit Continual(Options options) : options_(std::move(options)) {}

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
    const std::int64_t every = context.evaluation.every;
    for (std::int64_t phase = 0; phase < schedule.count(); ++phase) {
      const RowSource source(context, phase_slots(options_, phase, context.training.rows),
                             context.training.rows);
      if (phase > 0 && options_.reset_optimizer) {
        trainee.optimizer().reset(at::ones({trainee.replicas()}, at::kBool));
      }
      method.begin_phase(trainee, phase);
      const std::int64_t steps = schedule.steps(phase, context.training.steps);
      for (std::int64_t step = 0; step < steps; ++step) {
        if (every > 0 && step % every == 0) evaluator.measure(trainee, phase, Detail::domains);
        const Batch batch = source.batch(step, context.training.batch);
        method.step(trainee, batch);
        evaluator.count_update(trainee, batch.domains * batch.rows_per_domain,
                               source.new_rows(step, context.training.batch));
      }
      evaluator.measure(trainee, phase, Detail::full);
    }
  }

 private:
  Options options_;
};

}  // namespace

void register_continual(Catalog& catalog);
void register_continual(Catalog& catalog) {
  catalog.regimes.add<Continual>(
      "continual", "Fine-tuning on a sequence of phases, each with its own spurious correlation.",
      "Kirk & Krueger, \"Causal confusion as an argument against the scaling hypothesis\"");
}

}  // namespace spurion
