#include "regimes/shared/stream_loop.hpp"

#include <fmt/format.h>

#include <utility>

#include "spurion/error.hpp"

namespace spurion::regimes {

void run_phases(Run& run, std::int64_t phases,
                const std::function<std::int64_t(std::int64_t)>& steps_of, PhaseBody& body) {
  std::int64_t phase = 0;
  std::int64_t step = 0;
  bool inside = false;
  const auto where = [&](StateVisitor& visit) {
    visit("phase", phase);
    visit("step", step);
    inside = true;
    if (visit.loading()) body.prepare(phase, steps_of(phase));
    StateVisitor own = visit.inside("body");
    body.visit_state(own);
  };
  Checkpoint* const checkpoint = run.context.checkpoint;
  if (checkpoint != nullptr) checkpoint->resume(where);
  for (; phase < phases; ++phase) {
    const std::int64_t steps = steps_of(phase);
    if (!inside) {
      body.prepare(phase, steps);
      if (const std::int64_t updates = body.schedule_updates(phase, steps); updates > 0) {
        run.trainer.optimizer().begin_schedule(updates);
      }
      body.enter(phase);
      if (body.announces(phase)) run.method.begin_phase(run.trainer, phase);
      inside = true;
    }
    for (; step < steps; ++step) {
      if (checkpoint != nullptr) checkpoint->offer(where);
      body.step(phase, step);
    }
    run.evaluator.measure(run.trainer, phase, EvaluationScope::full);
    step = 0;
    inside = false;
  }
}

bool measure_on_the_way(Run& run, std::int64_t phase, std::int64_t step) {
  const std::int64_t every = run.context.evaluation.every;
  if (every == 0 || step % every != 0) return false;
  run.evaluator.measure(run.trainer, phase, EvaluationScope::domains);
  return true;
}

void train_step(Run& run, RowSource& source, std::int64_t step) {
  const Batch batch = source.batch(step, run.context.training.batch);
  run.method.step(run.trainer, batch);
  run.evaluator.count_update(run.trainer, batch.domains * batch.rows_per_domain,
                             source.reveal(step, run.context.training.batch));
}

void fit_step(Run& run, RowSource& source, std::int64_t phase, std::int64_t step) {
  measure_on_the_way(run, phase, step);
  train_step(run, source, step);
}

SlotFunction phase_slots(const TrajectoryOptions& options, std::int64_t phase, std::int64_t rows,
                         std::int64_t before) {
  return [options, phase, rows, before](const Environment& environment) {
    const Trajectory trajectory(options, environment);
    const auto slots_each = static_cast<std::int64_t>(trajectory.first_domains().size());
    std::vector<Slot> slots;
    for (std::int64_t slot = 0; slot < slots_each; ++slot) {
      if (phase == 0) {
        slots.push_back(
            {trajectory.first_domains()[static_cast<std::size_t>(slot)], 0, Intervention::none()});
      } else {
        const Phase& now = trajectory.phases()[static_cast<std::size_t>(phase)];
        slots.push_back({now.domain, before * slots_each + slot * rows, now.intervention});
      }
    }
    return slots;
  };
}

void require_resampling(const Environment& environment, const char* option) {
  if (environment.supports(Intervention::resample_each(environment.info().every_cue()))) return;
  throw UsageError(fmt::format("{} cannot resample its cue '{}', but '{}' needs it",
                               environment.info().name, environment.info().cue, option));
}

SlotFunction with_resampled_cues(SlotFunction slots) {
  return [slots = std::move(slots)](const Environment& environment) {
    std::vector<Slot> each = slots(environment);
    for (Slot& slot : each) {
      slot.intervention = Intervention::resample_each(environment.info().every_cue());
    }
    return each;
  };
}

}  // namespace spurion::regimes
