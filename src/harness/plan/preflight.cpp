#include "harness/plan/preflight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

#include "catalog/method_needs.hpp"
#include "catalog/plugin_parts.hpp"
#include "catalog/section_numbers.hpp"
#include "core/counted.hpp"
#include "core/place_of.hpp"
#include "engine/learning_rates.hpp"
#include "harness/data/finite_world.hpp"
#include "harness/measure/metric_set.hpp"
#include "harness/plan/measurement_count.hpp"
#include "harness/plan/probe_checks.hpp"
#include "harness/plan/row_checks.hpp"
#include "nouns/control_shift_environment.hpp"
#include "nouns/held_out_domain.hpp"
#include "nouns/mechanism_facts.hpp"
#include "nouns/seeds.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// Where an experiment says that a field has this value: on an axis of its grid or in a section;
/// empty where nobody wrote it.
std::string place_in(const Experiment& experiment, const std::string& section,
                     const std::string& field, const Value& wanted) {
  const auto is_wanted = [&](const Value* value) { return value != nullptr && *value == wanted; };
  for (const std::string& axis : {fmt::format("{}.{}", section, field), section}) {
    const Value* values = experiment.grid.find(axis);
    if (values == nullptr || !values->is_list()) continue;
    for (const Value& entry : values->as_list()) {
      const Value* value = axis == section && entry.is_table() ? entry.find(field) : &entry;
      if (is_wanted(value)) return core::place_of(*value);
    }
  }
  const Value* given = experiment.sections.find(section);
  const Value* value = given == nullptr ? nullptr : given->find(field);
  return is_wanted(value) ? core::place_of(*value) : std::string();
}

class FitCheck {
 public:
  FitCheck(const Suite& suite, EnvironmentPool& pool)
      : suite_(suite), catalog_(pool.catalog()), pool_(pool) {}

  void check(const TrialSpec& trial) {
    const std::int64_t experiment = numbers_.of(trial.experiment, Value());
    const std::int64_t world = numbers_.of(trial.environment.name, trial.environment.options);
    const std::int64_t regime = numbers_.of(trial.regime.name, trial.regime.options);
    const std::int64_t training = numbers_.of("training", trial.training);
    const std::int64_t evaluation = numbers_.of("evaluation", trial.evaluation);
    const bool endless = endless_.count(world) != 0;
    // The options that a random search draws are left out: one check serves all of its trials.
    const bool new_parts =
        checked_
            .insert({0, experiment, world, regime,
                     numbers_.of(trial.model.name, trial.model.options),
                     numbers_.of_shared(trial.method.name, trial.method.options,
                                        catalog_.methods.at(trial.method.name).schema),
                     held_out_domain(trial)})
            .second;
    const bool new_rows =
        !endless &&
        checked_.insert({1, experiment, world, trial.base_seed, trial.seed, rows_of(trial)}).second;
    const bool new_training =
        checked_
            .insert({2, experiment, world, regime, training, evaluation, endless ? 0 : trial.seed})
            .second;
    const Value* probes = trial.evaluation.find("probes");
    const bool new_probes =
        probes != nullptr && !probes->as_list().empty() &&
        checked_
            .insert({4, experiment, world, numbers_.of(trial.model.name, trial.model.options),
                     evaluation})
            .second;
    const Value* multipliers = trial.optimizer.find("lr_multipliers");
    const bool new_blocks =
        multipliers != nullptr && !multipliers->as_table().empty() &&
        checked_
            .insert({3, experiment, world, numbers_.of(trial.model.name, trial.model.options),
                     numbers_.of("lr_multipliers", *multipliers)})
            .second;
    if (!new_parts && !new_rows && !new_training && !new_probes && !new_blocks) return;
    try {
      catalog::looked_at(trial, catalog_, [&] {
        const EnvironmentContext context{nouns::data_seed(trial), pool_.sources()};
        const std::shared_ptr<const Environment> environment =
            pool_.at(trial.environment, context.data_seed);
        // An environment with numbers that are none is one problem, whatever else is asked of it.
        if (strange_.count(world) != 0) return;
        if (worlds_.insert(world).second) {
          strange_.insert(world);
          require_finite_world(*environment, trial.environment, catalog_, context);
          strange_.erase(world);
        }
        if (new_parts) try_metrics(environment->info());
        if (new_rows) check_rows(trial, *environment, world);
        const auto trained_in = nouns::with_held_out_domain(environment, held_out_domain(trial));
        if (new_training) check_training(trial, trained_in);
        if (new_parts) check_parts(trial, trained_in);
        if (new_probes) look_inside(trial, *trained_in, *probes);
        if (new_blocks) check_blocks(trial, environment->info(), *multipliers);
      });
    } catch (const UsageError& error) {
      add(trial, "environment", "name", trial.environment.name, error.what());
    }
  }

  void raise() const {
    problems_.raise();
    if (bad_metric_) std::rethrow_exception(bad_metric_);
  }

 private:
  static std::int64_t rows_of(const TrialSpec& trial) {
    return trial.training.find("rows")->as_integer();
  }

  static std::int64_t held_out_domain(const TrialSpec& trial) {
    const Value* number = trial.training.find("held_out_domain");
    return number == nullptr ? -1 : number->as_integer();
  }

  /// Every trial is measured by every metric, so that one that cannot be used would fail them all.
  void try_metrics(const EnvironmentInfo& info) {
    const auto shape = std::tuple(info.task, info.outputs, info.groups);
    if (bad_metric_ || !tried_.insert(shape).second) return;
    try {
      check_metrics(catalog_, info);
    } catch (const PluginError&) {
      bad_metric_ = std::current_exception();
    }
  }

  void check_rows(const TrialSpec& trial, const Environment& environment, std::int64_t world) {
    bool endless = true;
    for (const Domain& domain : environment.train_domains()) {
      const std::int64_t limit = environment.row_limit(domain, Split::train);
      endless = endless && limit == std::numeric_limits<std::int64_t>::max();
      if (rows_of(trial) <= limit) continue;
      // One line of a suite is one problem, however many seeds there are.
      if (!too_many_.insert(fmt::format("{} {} {}", trial.experiment, world, rows_of(trial)))
               .second) {
        break;
      }
      add(trial, "training", "rows", rows_of(trial),
          fmt::format(
              "training.rows = {} is more than the {} that {} has in domain '{}' with seed {}",
              rows_of(trial), core::counted(limit, "training row"), environment.info().name,
              domain.name, trial.seed));
      break;
    }
    if (endless) endless_.insert(world);
  }

  void check_training(const TrialSpec& trial, std::shared_ptr<const Environment> world) {
    const nouns::ControlShiftEnvironment environment(std::move(world), 0);
    Problems problems;
    const auto training = TrainingOptions::schema().parse(trial.training, "training", problems);
    try {
      const auto regime = catalog_.regimes.at(trial.regime.name).make({trial.regime.options});
      regime->check(environment, training);
      check_asked_probes(trial, *regime);
      check_measurements(trial, environment, *regime);
    } catch (const UsageError& error) {
      // One line of a suite is one problem, however many seeds there are.
      const std::string once =
          fmt::format("{} {} {} {}", trial.experiment,
                      numbers_.of(trial.environment.name, trial.environment.options),
                      numbers_.of(trial.regime.name, trial.regime.options),
                      numbers_.of("training", trial.training));
      if (too_many_.insert(once).second) {
        add(trial, "regime", "name", trial.regime.name, error.what());
      }
    }
  }

  /// Refuses a regime that asks for probes which the trial does not have.
  static void check_asked_probes(const TrialSpec& trial, const Regime& regime) {
    const Value* probes = trial.evaluation.find("probes");
    for (const std::string& label : regime.probes()) {
      const auto named = [&](const Value& probe) {
        const Value* name = probe.find("as");
        if (name == nullptr) name = probe.find("name");
        return name != nullptr && name->is_string() && name->as_string() == label;
      };
      if (probes != nullptr && probes->is_list() &&
          std::any_of(probes->as_list().begin(), probes->as_list().end(), named)) {
        continue;
      }
      throw UsageError(
          fmt::format("regime '{}' asks for the probe '{}', which is not among evaluation.probes",
                      trial.regime.name, label));
    }
  }

  /// Refuses trials that would measure without bound.
  void check_measurements(const TrialSpec& trial, const Environment& environment,
                          const Regime& regime) {
    const MeasurementCount count = count_measurements(trial, environment, regime);
    if (count.all <= kMostMeasurements) return;
    const Value& every = *trial.evaluation.find("every");
    const double rest = kMostMeasurements - (count.all - count.on_the_way);
    if (count.on_the_way > 0.0 && rest > 0.0) {
      add(trial, "evaluation", "every", every,
          fmt::format("evaluation.every = {} evaluates a trial of {:.0f} updates about {:.4g} "
                      "times, which gives {:.4g} numbers; at most {:.4g} can be stored: raise "
                      "evaluation.every to {:.0f} or more",
                      every.as_integer(), count.updates, count.on_the_way / count.each_time,
                      count.all, kMostMeasurements,
                      std::ceil(count.updates * count.each_time / rest) + 1.0));
      return;
    }
    add(trial, "regime", "name", trial.regime.name,
        fmt::format("a trial gives about {:.4g} numbers; at most {:.4g} can be stored: use fewer "
                    "domains, phases or windows, or set max_past_phases_evaluated",
                    count.all, kMostMeasurements));
  }

  void check_parts(const TrialSpec& trial, std::shared_ptr<const Environment> world) {
    const nouns::ControlShiftEnvironment environment(std::move(world), 0);
    const EnvironmentInfo& info = environment.info();
    std::unique_ptr<Model> model;
    attempt(trial, "model", trial.model, [&] {
      model = catalog_.models.at(trial.model.name)
                  .make({trial.model.options}, ModelContext{info.input_shape, info.outputs});
    });
    attempt(trial, "regime", trial.regime, [&] {
      const auto regime = catalog_.regimes.at(trial.regime.name).make({trial.regime.options});
      (void)regime->schedule(environment);
      const std::int64_t domains = regime->batch_domains(environment);
      attempt(trial, "method", trial.method, [&] {
        MethodContext context = method_context(trial, *regime, environment, domains);
        nouns::tell_mechanism(context, catalog::method_needs(catalog_, trial.method),
                              {&environment});
        const auto method =
            catalog_.methods.at(trial.method.name).make({trial.method.options}, context);
        check_rows_asked(trial, *method, *regime, environment);
        check_unlabelled_rows(trial, *regime, environment);
        if (model) {
          method->check(*model);
          (void)method->own_blocks(*model);  // it may not have a second copy of such a model
          if (method->needs_second_order() && !model->twice_differentiable()) {
            throw UsageError(fmt::format(
                "method '{}' differentiates gradients, but model '{}' does not support it",
                trial.method.name, trial.model.name));
          }
        }
      });
    });
  }

  [[nodiscard]] MethodContext method_context(const TrialSpec& trial, const Regime& regime,
                                             const Environment& environment,
                                             std::int64_t domains) const {
    const EnvironmentInfo& info = environment.info();
    MethodContext context{info.task, 1, domains, info.groups};
    context.input_shape = info.input_shape;
    context.outputs = info.outputs;
    context.steps = regime.updates(environment, trial.training.find("steps")->as_integer());
    context.make_probe = [this, probe = ProbeContext{info.task, info.outputs, info.input_shape}](
                             const Value& written) { return probe_of(catalog_, written, probe); };
    return context;
  }

  /// Refuses probes that cannot look into the model, or that the environment does not serve.
  void look_inside(const TrialSpec& trial, const Environment& environment, const Value& probes) {
    try {
      check_probes(trial, catalog_, environment);
    } catch (const UsageError& error) {
      add(trial, "evaluation", "probes", probes, error.what());
    }
  }

  /// Refuses factors of the learning rate for blocks that the model does not have.
  void check_blocks(const TrialSpec& trial, const EnvironmentInfo& info, const Value& multipliers) {
    std::unique_ptr<Model> model;
    try {
      model = catalog_.models.at(trial.model.name)
                  .make({trial.model.options}, ModelContext{info.input_shape, info.outputs});
    } catch (const UsageError&) {
      return;  // the check of its parts tells
    }
    Problems problems;
    const OptimizerOptions optimizer =
        OptimizerOptions::schema().parse(trial.optimizer, "optimizer", problems);
    try {
      (void)engine::lr_segments(optimizer.lr_multipliers.value(), ParameterLayout::of(*model));
    } catch (const UsageError& error) {
      add(trial, "optimizer", "lr_multipliers", multipliers,
          fmt::format("model '{}': {}", trial.model.name, error.what()));
    }
  }

  template <class Part>
  void attempt(const TrialSpec& trial, const char* section, const Component& component,
               const Part& make) {
    try {
      make();
    } catch (const UsageError& error) {
      add(trial, section, "name", component.name, error.what());
    }
  }

  void add(const TrialSpec& trial, const char* section, const char* field, const Value& value,
           const std::string& problem) {
    const auto experiment =
        std::find_if(suite_.experiments.begin(), suite_.experiments.end(),
                     [&](const Experiment& one) { return one.name == trial.experiment; });
    const std::string place = experiment == suite_.experiments.end()
                                  ? std::string()
                                  : place_in(*experiment, section, field, value);
    const std::string said = place + fmt::format("experiment '{}': {}", trial.experiment, problem);
    if (said_.insert(said).second) problems_.add(said);
  }

  const Suite& suite_;
  const Catalog& catalog_;
  EnvironmentPool& pool_;
  Problems problems_;
  std::set<std::string> said_;
  catalog::SectionNumbers numbers_;
  std::set<std::array<std::int64_t, 7>> checked_;
  std::set<std::string> too_many_;
  std::set<std::tuple<Task, std::int64_t, std::int64_t>> tried_;
  std::exception_ptr bad_metric_;
  std::set<std::int64_t> worlds_;   ///< whose numbers were looked at
  std::set<std::int64_t> strange_;  ///< environments whose numbers are not finite
  std::set<std::int64_t> endless_;  ///< environments that have as many rows as anybody wants
};

}  // namespace

void check_fit(const Suite& suite, const std::vector<TrialSpec>& trials, EnvironmentPool& pool) {
  FitCheck fit(suite, pool);
  for (const TrialSpec& trial : trials) fit.check(trial);
  fit.raise();
}

}  // namespace spurion::harness
