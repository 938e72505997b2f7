#include "regimes/shared/online_stream.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/work_clock.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"

namespace spurion::regimes {

namespace {

/// Rows that a step of a stream takes of each slot.
std::int64_t rows_of_step(const TrainingOptions& training) {
  return std::max<std::int64_t>(training.batch, 1);
}

}  // namespace

void require_rows(const TrajectoryOptions& options, const TrainingOptions& training,
                  const Environment& environment) {
  const Trajectory trajectory(options, environment);
  // As real numbers: the product of two options may be more than an integer holds.
  const double rows = static_cast<double>(rows_of_step(training)) *
                      static_cast<double>(trajectory.first_domains().size());
  std::vector<std::int64_t> ends;  // steps up to the end of each phase
  for (std::int64_t phase = 1; phase < trajectory.count(); ++phase) {
    ends.push_back((ends.empty() ? 0 : ends.back()) + trajectory.steps(phase, training.steps));
  }
  for (std::size_t phase = 1; phase <= ends.size(); ++phase) {
    const Domain& domain = trajectory.phases()[phase].domain;
    const std::int64_t limit = environment.row_limit(domain, Split::train);
    if (static_cast<double>(ends[phase - 1]) * rows <= static_cast<double>(limit)) continue;
    throw UsageError(
        fmt::format("the stream needs {:.0f} rows ({} steps of {:.0f} rows after phase 0), but "
                    "there are only {} training rows in {}, domain '{}': lower training.steps or "
                    "training.batch, or raise pretrain_fraction",
                    static_cast<double>(ends.back()) * rows, ends.back(), rows, limit,
                    environment.info().name, domain.name));
  }
}

OnlineStream::OnlineStream(Run& run, const OnlineStreamOptions& options)
    : run_(&run), options_(&options), tuning_(options, run.trainer), prequential_(run.context) {
  const Environment* last = nullptr;
  for (const auto& environment : run.context.environments) {
    if (environment.get() == last) continue;
    last = environment.get();
    require_rows(options, run.context.training, *environment);
  }
}

void OnlineStream::prepare(std::int64_t phase, std::int64_t steps) {
  const TrainingOptions& training = run_->context.training;
  if (phase == 0) {
    training_set_ = std::make_unique<RowSource>(
        run_->context, phase_slots(*options_, 0, training.rows), training.rows);
    return;
  }
  training_set_.reset();
  const std::int64_t batch = rows_of_step(training);
  const std::int64_t rows = steps * batch;
  const Trajectory trajectory(*options_, *run_->context.environments.front());
  std::int64_t before = 0;
  for (std::int64_t earlier = 1; earlier < phase; ++earlier) {
    before += trajectory.steps(earlier, training.steps) * batch;
  }
  const SlotFunction slots = phase_slots(*options_, phase, rows, before);
  stream_ = std::make_unique<StreamSource>(run_->context, slots, rows);
  open(slots, rows);
  std::vector<Phase> each;
  for (const auto& environment : run_->context.environments) {
    each.push_back(Trajectory(*options_, *environment).phases()[static_cast<std::size_t>(phase)]);
  }
  prequential_.enter(phase, each, steps, options_->windows);
}

std::int64_t OnlineStream::schedule_updates(std::int64_t phase, std::int64_t steps) const {
  if (phase != 1) return phase == 0 ? steps : 0;
  const Trajectory trajectory(*options_, *run_->context.environments.front());
  std::int64_t stream = 0;
  for (std::int64_t later = 1; later < trajectory.count(); ++later) {
    stream += trajectory.steps(later, run_->context.training.steps);
  }
  return stream;
}

void OnlineStream::step(std::int64_t phase, std::int64_t step) {
  tuning_.before_step(phase, step);
  if (phase == 0) {
    fit_step(*run_, *training_set_, phase, step);
    return;
  }
  const std::int64_t rows = rows_of_step(run_->context.training);
  const Batch batch = stream_->batch(step * rows, rows);
  const Place place{phase, step * rows};
  const Tensor logits = Prequential::predict(run_->method, run_->trainer, batch);
  const Tensor choice = choose(batch, logits, place);
  prequential_.count(batch, logits, choice);
  learn(batch, logits, choice, place);
  if (prequential_.after_step(run_->trainer, run_->evaluator, step)) close_window(phase);
}

Tensor OnlineStream::choose(const Batch& batch, const Tensor& logits, const Place& /*place*/) {
  return losses::predict(batch.task, logits);
}

void OnlineStream::update(const Batch& batch, std::int64_t new_labels) {
  run_->method.step(run_->trainer, batch);
  run_->evaluator.count_update(run_->trainer, batch.domains * batch.rows_per_domain, new_labels);
}

void OnlineStream::update(const Batch& batch, const UpdateCounts& counts) {
  run_->method.step(run_->trainer, batch);
  run_->evaluator.count_update(run_->trainer, counts);
}

void OnlineStream::visit_state(StateVisitor& visit) {
  if (training_set_) {
    StateVisitor own = visit.inside("training_set");
    training_set_->visit_state(own);
  }
  StateVisitor own = visit.inside("prequential");
  prequential_.visit_state(own);
}

void run_online(Run& run, const TrajectoryOptions& options, PhaseBody& body) {
  const Trajectory trajectory(options, *run.context.environments.front());
  run_phases(
      run, trajectory.count(),
      [&](std::int64_t phase) { return trajectory.steps(phase, run.context.training.steps); },
      body);
}

Batch select_rows(const Batch& batch, const Tensor& index) {
  const core::ActivityScope scope(core::Activity::data);
  const std::int64_t replicas = index.size(0);
  const std::int64_t kept = index.size(2);
  const auto own = [&](const Tensor& rows, std::int64_t tail_from) {
    const auto tail = rows.sizes().slice(static_cast<std::size_t>(tail_from));
    Shape shape = {rows.size(0), batch.domains, batch.rows_per_domain};
    shape.insert(shape.end(), tail.begin(), tail.end());
    Shape expanded = shape;
    expanded[0] = replicas;
    Shape picks = {replicas, batch.domains, kept};
    Tensor where = index;
    for (const std::int64_t size : tail) {
      where = where.unsqueeze(-1);
      picks.push_back(size);
    }
    return rows.reshape(shape).expand(expanded).gather(2, where.expand(picks));
  };
  Batch out = batch;
  out.rows_per_domain = kept;
  out.x = own(batch.x, 2).flatten(1, 2).contiguous();
  out.y = own(batch.y, 3).contiguous();
  if (batch.group.defined()) out.group = own(batch.group, 3).contiguous();
  if (batch.weight.defined()) out.weight = own(batch.weight, 3).contiguous();
  return out;
}

}  // namespace spurion::regimes
