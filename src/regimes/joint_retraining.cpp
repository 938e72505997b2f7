#include <ATen/ATen.h>

#include <memory>
#include <utility>

#include "regimes/shared/stream_loop.hpp"
#include "regimes/shared/trajectory_regime.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

struct JointRetrainingOptions : TrajectoryOptions {
  std::string budget = "equal";
};

/// Each phase adds its training set to all that came before, and the model is trained on the whole:
/// the upper reference of fine-tuning. With `budget = "equal"` training resumes where it was,
/// with as many updates as the other regimes make; with `budget = "full"` it starts again in every
/// phase with the updates of all phases so far, which costs more, as the counters then show.
class JointRetraining final : public TrajectoryRegime<JointRetrainingOptions> {
 public:
  using TrajectoryRegime::TrajectoryRegime;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>()
                                   .include(TrajectoryOptions::schema())
                                   .field("budget", &Options::budget,
                                          "equal: continue training with the updates of the phase. "
                                          "full: restart from the initial "
                                          "parameters, with the updates of all phases so far.",
                                          one_of({"equal", "full"}));
    return schema;
  }

  [[nodiscard]] std::int64_t updates(const Environment& environment,
                                     std::int64_t steps) const override {
    const Trajectory trajectory(options_, environment);
    std::int64_t all = 0;
    for (std::int64_t phase = 0; phase < trajectory.count(); ++phase) {
      all += phase_updates(trajectory, phase, steps);
    }
    return all;
  }

  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return sizes.parameters;
  }

  [[nodiscard]] std::int64_t pooled_sets(const Environment& environment) const override {
    return Trajectory(options_, environment).count();
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    Run run{context, method, trainer, evaluator};
    const Trajectory trajectory(options_, *context.environments.front());
    Joint body(run, options_);
    const auto steps_of = [&](std::int64_t phase) {
      return phase_updates(trajectory, phase, context.training.steps);
    };
    run_phases(run, trajectory.count(), steps_of, body);
  }

 private:
  [[nodiscard]] std::int64_t phase_updates(const Trajectory& trajectory, std::int64_t phase,
                                           std::int64_t steps) const {
    std::int64_t updates = trajectory.steps(phase, steps);
    for (std::int64_t earlier = 0; options_.budget == "full" && earlier < phase; ++earlier) {
      updates += trajectory.steps(earlier, steps);
    }
    return updates;
  }

  class Joint final : public PhaseBody {
   public:
    Joint(Run& run, const Options& options)
        : run_(&run), options_(&options), initial_(run.trainer.parameters().detach().clone()) {}

    void prepare(std::int64_t phase, std::int64_t /*steps*/) override {
      const std::int64_t rows = run_->context.training.rows;
      // Slot by slot, the rows of phase 0, 1, ..: what was seen before stays in front.
      const auto slots = [this, phase, rows](const Environment& environment) {
        std::vector<std::vector<Slot>> each;
        for (std::int64_t part = 0; part <= phase; ++part) {
          each.push_back(phase_slots(*options_, part, rows)(environment));
        }
        std::vector<Slot> all;
        for (std::size_t slot = 0; slot < each.front().size(); ++slot) {
          for (const auto& part : each) all.push_back(part[slot]);
        }
        return all;
      };
      const std::unique_ptr<RowSource> earlier = std::move(source_);
      source_ = std::make_unique<RowSource>(run_->context, slots, rows,
                                            RowSource::Options{phase + 1, false});
      if (earlier) source_->inherit(earlier->revealed());
    }
    void enter(std::int64_t phase) override {
      if (phase == 0 || options_->budget != "full") return;
      run_->trainer.set_parameters(initial_);
      run_->trainer.optimizer().reset(at::ones({run_->trainer.replicas()}, at::kBool));
    }
    /// A model that starts again has no past for a method to hold on to.
    [[nodiscard]] bool announces(std::int64_t phase) const override {
      return phase == 0 || options_->budget != "full";
    }
    void step(std::int64_t phase, std::int64_t step) override {
      fit_step(*run_, *source_, phase, step);
    }
    void visit_state(StateVisitor& visit) override {
      visit("initial", initial_);
      source_->visit_state(visit);
    }

   private:
    Run* run_;
    const Options* options_;
    Tensor initial_;
    std::unique_ptr<RowSource> source_;
  };
};

}  // namespace

void register_joint_retraining(Catalog& catalog);
void register_joint_retraining(Catalog& catalog) {
  catalog.regimes.add<JointRetraining>(
      "joint_retraining", "Joint training on the data of all phases so far, at each phase.",
      "Lopez-Paz & Ranzato 2017, arXiv:1706.08840 (joint training)");
}

}  // namespace spurion::regimes
