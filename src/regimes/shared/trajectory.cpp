#include "regimes/shared/trajectory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/counted.hpp"
#include "core/measurement_names.hpp"
#include "nouns/control_shift.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::regimes {

namespace {

/// The reflection of `value` into [low, high].
double reflected(double value, double low, double high) {
  const double range = high - low;
  if (!(range > 0.0)) return low;
  double place = std::fmod(value - low, 2.0 * range);
  if (place < 0.0) place += 2.0 * range;
  return low + (place <= range ? place : 2.0 * range - place);
}

std::string cue_list(const EnvironmentInfo& info) {
  std::vector<std::string> names;
  for (const Cue& cue : info.cues) names.push_back(cue.name);
  return names.empty() ? info.cue : fmt::format("{}", fmt::join(names, ", "));
}

std::vector<double> neutral(const EnvironmentInfo& info) {
  std::vector<double> shifts;
  for (const Cue& cue : info.cues) shifts.push_back(cue.neutral);
  return shifts;
}

/// The shift of a cue in the train domain where it is most informative.
double strongest(const Environment& environment, std::size_t cue) {
  const double neutral = environment.info().cues[cue].neutral;
  double best = neutral;
  for (const Domain& domain : environment.train_domains()) {
    const double shift = domain.cue_shifts[cue];
    if (std::abs(shift - neutral) > std::abs(best - neutral)) best = shift;
  }
  return best;
}

double mirrored(const Cue& cue, double shift) { return cue.low + cue.high - shift; }

/// The domain a fraction `way` of the way from one domain to another; every cue moves.
Domain interpolated(const Environment& environment, const Domain& from, const Domain& to,
                    double way) {
  const auto part = [way](double a, double b) { return a + way * (b - a); };
  if (from.cue_shifts.empty()) return environment.at(part(from.shift, to.shift));
  std::vector<double> shifts;
  for (std::size_t cue = 0; cue < from.cue_shifts.size(); ++cue) {
    shifts.push_back(part(from.cue_shifts[cue], to.cue_shifts[cue]));
  }
  return environment.at_cues(shifts);
}

/// Which cues are active in a phase of a trajectory of cues.
std::vector<std::size_t> active_cues(const std::string& trajectory, std::size_t phase,
                                     std::size_t cues) {
  if (trajectory == "recurring") return {phase % cues};
  if (trajectory == "replacement") return {std::min(phase, cues - 1)};
  std::vector<std::size_t> active;
  for (std::size_t cue = 0; cue <= std::min(phase, cues - 1); ++cue) active.push_back(cue);
  return active;
}

/// Refuses options that the trajectory does not use.
void refuse_idle_options(const TrajectoryOptions& options) {
  const TrajectoryOptions defaults;
  const auto refuse = [&](const char* option, bool differs,
                          const std::vector<const char*>& readers) {
    const bool read = std::any_of(readers.begin(), readers.end(),
                                  [&](const char* reader) { return options.trajectory == reader; });
    if (!differs || read) return;
    throw UsageError(fmt::format("'{}' belongs to the {} {}; the trajectory is '{}'", option,
                                 readers.size() == 1 ? "trajectory" : "trajectories",
                                 fmt::join(readers, ", "), options.trajectory));
  };
  refuse("period", options.period != defaults.period, {"periodic"});
  refuse("step_std", options.step_std != defaults.step_std, {"random_walk"});
  refuse("walk_seed", options.walk_seed != defaults.walk_seed, {"random_walk"});
  refuse("phase_count", options.phase_count != defaults.phase_count,
         {"fixed", "reversal", "periodic", "linear", "random_walk", "replacement", "accumulation",
          "recurring"});
}

}  // namespace

const Schema<TrajectoryOptions>& TrajectoryOptions::schema() {
  using O = TrajectoryOptions;
  static const auto schema =
      Schema<O>()
          .field("trajectory", &O::trajectory,
                 "How the shifts of the cues change from phase to phase.",
                 one_of({"listed", "fixed", "reversal", "periodic", "linear", "random_walk",
                         "replacement", "accumulation", "recurring"}))
          .stream_axis()
          .field("phases", &O::phases,
                 "Shifts of the phases after phase 0, for the trajectory listed. Empty: one phase "
                 "with "
                 "the shift of the test domain.")
          .stream_axis()
          .field("phase_count", &O::phase_count,
                 "Number of phases after phase 0, for trajectories other than listed.",
                 between(1, 1000))
          .stream_axis()
          .field("period", &O::period,
                 "Number of phases between two reversals, for the trajectory periodic.",
                 at_least(1))
          .stream_axis()
          .field("step_std", &O::step_std,
                 "Standard deviation of a step, as a share of the range of the shift, for the "
                 "trajectory random_walk.",
                 between(0, 1))
          .stream_axis()
          .field("walk_seed", &O::walk_seed, "Seed of the walk, for the trajectory random_walk.",
                 at_least(0))
          .stream_axis()
          .field("unpaired_cues", &O::unpaired_cues,
                 "Number of cues, from the end of the list, that are never paired with the label.",
                 at_least(0))
          .stream_axis()
          .field("final_phases", &O::final_phases,
                 "Phases to add at the end. no_cue: every cue is uninformative. adversarial: every "
                 "cue "
                 "indicates the opposite of what it indicated last.",
                 one_of({"no_cue", "adversarial"}))
          .stream_axis()
          .field("phase_weights", &O::phase_weights,
                 "Relative lengths of the phases after phase 0. Empty: equal lengths.", positive())
          .stream_axis()
          .field("pretrain_fraction", &O::pretrain_fraction,
                 "Share of all steps that phase 0 gets. The other phases share the rest.",
                 between(0, 1))
          .stream_axis()
          .field(
              "control_shift", &O::control_shift,
              "Control: what changes after phase 0 besides the cues. classes: the share of rows of "
              "the last class. covariates: the share of rows whose first causal variable is above "
              "its mean. mechanism: the share of labels that are replaced by another class, or, "
              "for "
              "regression, added noise as a share of the variance of the target.",
              one_of({"none", "classes", "covariates", "mechanism"}))
          .stream_axis()
          .field("control_shift_levels", &O::control_shift_levels,
                 "Level of the control shift in each phase after phase 0. One value applies to all "
                 "phases. Empty: 0.25.",
                 between(0, 1))
          .stream_axis()
          .field(
              "max_past_phases_evaluated", &O::max_past_phases_evaluated,
              "Number of earlier phases to evaluate after each phase, log-spaced by age. After the "
              "last phase all are evaluated. 0: all, at a cost quadratic in the number of phases.",
              at_least(0));
  return schema;
}

Trajectory::Trajectory(const TrajectoryOptions& options, const Environment& environment)
    : pretrain_fraction_(options.pretrain_fraction), phase_weights_(options.phase_weights) {
  const bool of_cues = options.trajectory == "replacement" ||
                       options.trajectory == "accumulation" || options.trajectory == "recurring";
  if (options.unpaired_cues > 0 && !of_cues) {
    throw UsageError(
        fmt::format("'unpaired_cues' belongs to the trajectories replacement, accumulation and "
                    "recurring; the trajectory is '{}'",
                    options.trajectory));
  }
  refuse_idle_options(options);
  if (of_cues) {
    switch_cues(options, environment);
  } else {
    move_shift(options, environment);
  }
  if (first_.size() > 1) phases_.front().trained_on = first_;
  add_final_phases(options, environment);
  add_control_shift(options, environment);
  for (Phase& phase : phases_) phase.max_past_phases_evaluated = options.max_past_phases_evaluated;
  if (!phase_weights_.empty() && phase_weights_.size() != phases_.size() - 1) {
    throw UsageError(fmt::format("'phase_weights' has {}, but the stream has {} after phase 0",
                                 core::counted(phase_weights_.size(), "number"),
                                 core::counted(phases_.size() - 1, "phase")));
  }
}

void Trajectory::add(Domain domain, Intervention intervention) {
  domain.name = core::stored_phase(static_cast<std::int64_t>(phases_.size()));
  // With several cues a phase is measured at the shifts of its cues, wherever these come from.
  if (!domain.cue_shifts.empty()) domain.kind = DomainKind::point;
  phases_.push_back({std::move(domain), std::move(intervention)});
}

void Trajectory::move_shift(const TrajectoryOptions& options, const Environment& environment) {
  first_ = environment.train_domains();
  add(first_.front());
  const Domain to = environment.test_domain();
  if (options.trajectory == "listed") {
    const std::vector<double> shifts =
        options.phases.empty() ? std::vector<double>{to.shift} : options.phases;
    for (const double shift : shifts) add(environment.at(shift));
    return;
  }
  if (!options.phases.empty()) {
    throw UsageError(fmt::format(
        "'phases' belongs to the trajectory 'listed'; the trajectory is '{}'", options.trajectory));
  }
  const Domain from = first_.front();
  const ShiftAxis& axis = environment.info().shift_axis;
  const RandomStream noise(
      RandomKey(static_cast<std::uint64_t>(options.walk_seed)).child("trajectory").child("walk"));
  double walk = from.shift;
  for (std::int64_t phase = 1; phase <= options.phase_count; ++phase) {
    const double share = static_cast<double>(phase) / static_cast<double>(options.phase_count);
    if (options.trajectory == "random_walk") {
      walk = reflected(walk + options.step_std * (axis.high - axis.low) * noise.normal(phase),
                       axis.low, axis.high);
      add(environment.at(walk));
      continue;
    }
    double way = share;  // linear
    if (options.trajectory == "fixed") way = 0.0;
    if (options.trajectory == "reversal") way = share <= 0.5 ? 0.0 : 1.0;
    if (options.trajectory == "periodic") {
      way = ((phase - 1) / options.period) % 2 == 0 ? 1.0 : 0.0;
    }
    add(interpolated(environment, from, to, way));
  }
}

void Trajectory::switch_cues(const TrajectoryOptions& options, const Environment& environment) {
  const EnvironmentInfo& info = environment.info();
  const auto all = static_cast<std::int64_t>(info.cues.size());
  if (all < 2 || all - options.unpaired_cues < 2) {
    throw UsageError(fmt::format(
        "trajectory '{}' needs at least two cues that are paired with the label; {} has: {}{}",
        options.trajectory, info.name, cue_list(info),
        options.unpaired_cues > 0 ? fmt::format(", of which {} unpaired", options.unpaired_cues)
                                  : std::string()));
  }
  if (!options.phases.empty()) {
    throw UsageError(fmt::format(
        "'phases' belongs to the trajectory 'listed'; the trajectory is '{}'", options.trajectory));
  }
  const auto cues = static_cast<std::size_t>(all - options.unpaired_cues);
  const auto at = [&](std::size_t phase, const Domain* like) {
    std::vector<double> shifts = neutral(info);
    for (const std::size_t cue : active_cues(options.trajectory, phase, cues)) {
      const double own_shift = like == nullptr ? info.cues[cue].neutral : like->cue_shifts[cue];
      shifts[cue] = own_shift == info.cues[cue].neutral ? strongest(environment, cue) : own_shift;
    }
    return environment.at_cues(shifts);
  };
  for (const Domain& train : environment.train_domains()) {
    Domain domain = at(0, &train);
    domain.key = train.key;
    first_.push_back(std::move(domain));
  }
  for (std::int64_t phase = 0; phase <= options.phase_count; ++phase) {
    add(at(static_cast<std::size_t>(phase), nullptr));
  }
}

std::optional<double> Trajectory::last_informative_shift(const Environment& environment,
                                                         std::size_t cue) const {
  const double neutral = environment.info().cues[cue].neutral;
  for (std::size_t phase = phases_.size(); phase-- > 1;) {
    const double shift = phases_[phase].domain.cue_shifts[cue];
    if (shift != neutral) return shift;
  }
  double most = neutral;
  for (const Domain& domain : first_) {
    const double shift = domain.cue_shifts[cue];
    if (std::abs(shift - neutral) > std::abs(most - neutral)) most = shift;
  }
  return most == neutral ? std::nullopt : std::optional<double>(most);
}

void Trajectory::add_final_phases(const TrajectoryOptions& options,
                                  const Environment& environment) {
  const EnvironmentInfo& info = environment.info();
  for (const std::string& kind : options.final_phases) {
    if (info.cues.empty()) {
      if (kind == "adversarial") {
        // The one of the two shifts that is farther from the last phase.
        const double here = phases_.back().domain.shift;
        const double train = environment.train_domains().front().shift;
        const double test = environment.test_domain().shift;
        add(environment.at(std::abs(test - here) >= std::abs(train - here) ? test : train));
        continue;
      }
      const Intervention randomise = Intervention::resample(info.cue);
      if (!environment.supports(randomise)) {
        throw UsageError(
            fmt::format("{} cannot resample its cue '{}', but the final phase no_cue needs it",
                        info.name, info.cue));
      }
      add(environment.at(environment.train_domains().front().shift), randomise);
      continue;
    }
    std::vector<double> shifts = neutral(info);
    if (kind == "adversarial") {
      for (std::size_t cue = 0; cue < shifts.size(); ++cue) {
        if (const auto last = last_informative_shift(environment, cue)) {
          shifts[cue] = mirrored(info.cues[cue], *last);
        }
      }
    }
    add(environment.at_cues(shifts));
  }
}

void Trajectory::add_control_shift(const TrajectoryOptions& options,
                                   const Environment& environment) {
  const std::vector<double>& levels = options.control_shift_levels;
  if (options.control_shift == "none") {
    if (!levels.empty())
      throw UsageError("'control_shift_levels' needs a control_shift other than \"none\"");
    return;
  }
  const std::size_t later = phases_.size() - 1;
  if (levels.size() > 1 && levels.size() != later) {
    throw UsageError(fmt::format(
        "'control_shift_levels' has {}, but the stream has {} after phase 0; one number "
        "applies to all",
        core::counted(levels.size(), "number"), core::counted(later, "phase")));
  }
  if (!environment.has_control_shifts()) {
    throw UsageError(fmt::format("control shifts need a wrapped environment; {} is not wrapped",
                                 environment.info().name));
  }
  ControlShift shift;
  for (const auto kind : {ControlShift::Kind::classes, ControlShift::Kind::covariates,
                          ControlShift::Kind::mechanism}) {
    if (options.control_shift == control_shift_name(kind)) shift.kind = kind;
  }
  for (std::size_t phase = 1; phase <= later; ++phase) {
    if (!levels.empty()) shift.level = levels.size() == 1 ? levels.front() : levels[phase - 1];
    nouns::require_control_shift(environment.info(), shift);
    phases_[phase].domain.control_shift = shift;
  }
}

std::int64_t Trajectory::steps(std::int64_t phase, std::int64_t steps) const {
  const auto pretraining =
      static_cast<std::int64_t>(std::llround(pretrain_fraction_ * static_cast<double>(steps)));
  if (phase == 0) return pretraining;
  const std::int64_t later = count() - 1;
  const std::int64_t rest = steps - pretraining;
  if (phase_weights_.empty()) return rest / later + (phase <= rest % later ? 1 : 0);
  double before = 0.0;
  double total = 0.0;
  for (std::int64_t other = 0; other < later; ++other) {
    if (other + 1 < phase) before += phase_weights_[static_cast<std::size_t>(other)];
    total += phase_weights_[static_cast<std::size_t>(other)];
  }
  const double own = phase_weights_[static_cast<std::size_t>(phase - 1)];
  const auto end_at = [&](double length) {
    return std::llround(static_cast<double>(rest) * length / total);
  };
  return end_at(before + own) - end_at(before);
}

void require_steps(const Trajectory& trajectory, const TrainingOptions& training) {
  for (std::int64_t phase = 1; phase < trajectory.count(); ++phase) {
    if (trajectory.steps(phase, training.steps) > 0) continue;
    throw UsageError(
        fmt::format("phase {} of {} after phase 0 has none of the {} steps: raise training.steps, "
                    "or lower pretrain_fraction or the number of phases",
                    phase, trajectory.count() - 1, training.steps));
  }
}

}  // namespace spurion::regimes
