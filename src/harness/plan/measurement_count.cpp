#include "harness/plan/measurement_count.hpp"

#include <algorithm>

namespace spurion::harness {

namespace {

/// Numbers of one domain: scores, flip rates, calibration, groups.
constexpr double kOfADomain = 16.0;
/// Numbers for selection: of validation rows of the train domains, and of the test domain.
constexpr double kOfValidation = 8.0;
/// Numbers of one value of the shift, and of one window of a stream.
constexpr double kOfAPoint = 2.0;
constexpr double kOfAWindow = 6.0;
/// Numbers of policies that act: of a domain, and of one value of the shift or a validation.
constexpr double kOfActing = 22.0;
constexpr double kOfActingPoint = 6.0;

double integer_option(const Value& options, const char* name) {
  const Value* value = options.find(name);
  return value != nullptr && value->is_integer() ? static_cast<double>(value->as_integer()) : 0.0;
}

/// Numbers of the probes of a trial in one train domain, with the truth beside them.
double probe_numbers(const TrialSpec& trial, const EnvironmentInfo& info) {
  const Value* probes = trial.evaluation.find("probes");
  if (probes == nullptr || probes->as_list().empty()) return 0.0;
  const auto cues = static_cast<double>(info.every_cue().size());
  return static_cast<double>(probes->as_list().size()) * (cues + 1.0) + 2.0 * cues;
}

/// Domains of a stream that are measured after its phases, all phases together.
double phases_measured(const std::vector<Phase>& schedule) {
  const auto count = static_cast<double>(schedule.size());
  double measured = 2.0 * count;  // before the first and after the last phase
  for (std::size_t phase = 0; phase < schedule.size(); ++phase) {
    const auto past = static_cast<double>(phase);
    const auto most = static_cast<double>(schedule[phase].max_past_phases_evaluated);
    measured += 2.0 + (most > 0.0 ? std::min(past, most) : past);
  }
  return measured;
}

}  // namespace

MeasurementCount count_measurements(const TrialSpec& trial, const Environment& environment,
                                    const Regime& regime) {
  const EnvironmentInfo& info = environment.info();
  const std::vector<Phase> schedule = regime.schedule(environment);
  const auto domains = static_cast<double>(environment.train_domains().size()) + 2.0;
  const auto cues = static_cast<double>(info.cues.size());
  const auto points = static_cast<double>(info.shift_axis.points.size());
  // Before and after an adaptation.
  const double adapted = regime.adaptation(1) ? 2.0 : 1.0;
  const double phases = std::max(static_cast<double>(schedule.size()), adapted);
  MeasurementCount count;
  count.updates =
      static_cast<double>(regime.updates(environment, trial.training.find("steps")->as_integer()));
  count.each_time = adapted * (kOfADomain * domains + (schedule.empty() ? kOfValidation : 0.0));
  count.each_time += probe_numbers(trial, info) * (domains - 1.0);
  if (environment.interactive() != nullptr) count.each_time += kOfActing * domains;
  const double every = integer_option(trial.evaluation, "every");
  if (every > 0.0) count.on_the_way = count.each_time * (count.updates / every + phases);
  if (environment.interactive() != nullptr) {
    count.all = phases * (kOfActing * domains + kOfActingPoint * (points + 1.0));
  }
  count.all += count.on_the_way +
               phases * (kOfADomain * (domains + 2.0 * cues) + kOfAPoint * points +
                         probe_numbers(trial, info) * (domains - 1.0)) +
               kOfADomain * phases_measured(schedule) +
               kOfAWindow * phases * integer_option(trial.regime.options, "windows");
  return count;
}

}  // namespace spurion::harness
