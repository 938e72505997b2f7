#include <memory>
#include <optional>
#include <utility>

#include "regimes/shared/stream_loop.hpp"
#include "regimes/shared/trajectory_regime.hpp"
#include "regimes/shared/tuning.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

struct ContinualOptions : TrajectoryOptions, TuningOptions {
  bool randomise_cue = false;
};

/// A sequence of phases, each with its own spurious correlation: training on the train domains,
/// then fine-tuning on each phase's training set in turn. Measured after every phase on all phases.
/// Where a finite pool has not as many rows as all phases together, it starts again; the label of a
/// row counts once, however often it comes.
///
/// With `randomise_cue` the rows of the phases after the first have every cue resampled by
/// intervention: the oracle, whose confusion is resolved if anybody's is.
class Continual final : public TrajectoryRegime<ContinualOptions> {
 public:
  using TrajectoryRegime::TrajectoryRegime;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .include(TrajectoryOptions::schema())
            .include(TuningOptions::schema())
            .field(
                "randomise_cue", &Options::randomise_cue,
                "Oracle: after phase 0, train on rows whose cues are resampled by intervention.");
    return schema;
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    Run run{context, method, trainer, evaluator};
    const Trajectory trajectory(options_, *context.environments.front());
    FineTuning body(run, options_);
    run_phases(
        run, trajectory.count(),
        [&](std::int64_t phase) { return trajectory.steps(phase, context.training.steps); }, body);
  }

 private:
  [[nodiscard]] const char* resampling() const override {
    return options_.randomise_cue ? "randomise_cue" : nullptr;
  }

  class FineTuning final : public PhaseBody {
   public:
    FineTuning(Run& run, const Options& options)
        : run_(&run), options_(&options), tuning_(options, run.trainer) {}

    void prepare(std::int64_t phase, std::int64_t /*steps*/) override {
      const std::int64_t rows = run_->context.training.rows;
      std::optional<RevealedRows> known;
      if (source_) known = source_->revealed();
      source_.reset();  // never two training sets at once
      SlotFunction slots = phase_slots(*options_, phase, rows);
      if (phase > 0 && options_->randomise_cue) slots = with_resampled_cues(std::move(slots));
      source_ = std::make_unique<RowSource>(run_->context, slots, rows);
      if (known) source_->inherit(*known);
    }
    void enter(std::int64_t phase) override { tuning_.enter(phase); }
    void step(std::int64_t phase, std::int64_t step) override {
      tuning_.before_step(phase, step);
      fit_step(*run_, *source_, phase, step);
    }
    void visit_state(StateVisitor& visit) override { source_->visit_state(visit); }

   private:
    Run* run_;
    const Options* options_;
    Tuning tuning_;
    std::unique_ptr<RowSource> source_;
  };
};

}  // namespace

void register_continual(Catalog& catalog);
void register_continual(Catalog& catalog) {
  catalog.regimes.add<Continual>(
      "continual", "Fine-tuning on a sequence of phases, each with its own spurious correlation.",
      "Kirk & Krueger, \"Causal confusion as an argument against the scaling hypothesis\"");
}

}  // namespace spurion::regimes
