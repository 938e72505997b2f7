#include "harness/fit_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "core/drifted_environment.hpp"
#include "core/place_of.hpp"
#include "harness/seeds.hpp"
#include "spurion/error.hpp"

namespace spurion {

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
      if (is_wanted(value)) return place_of(*value);
    }
  }
  const Value* given = experiment.sections.find(section);
  const Value* value = given == nullptr ? nullptr : given->find(field);
  return is_wanted(value) ? place_of(*value) : std::string();
}

class FitCheck {
 public:
  FitCheck(const Suite& suite, const Catalog& catalog,
           const std::shared_ptr<const DataSources>& sources)
      : suite_(suite), catalog_(catalog), sources_(sources) {}

  void check(const TrialSpec& trial) {
    const std::string world = key(trial.environment);
    const std::string parts = trial.experiment + world + key(trial.model) + key(trial.regime) +
                              key({trial.method.name, shared_options(trial.method)});
    const std::string rows = fmt::format("{} {} {} {} {}", trial.experiment, world,
                                         trial.suite_seed, trial.seed, rows_of(trial));
    const bool new_parts = checked_.insert(parts).second;
    const bool new_rows = endless_.count(world) == 0 && checked_.insert(rows).second;
    const std::string training =
        fmt::format("{}{}{}{} {}", trial.experiment, world, key(trial.regime),
                    trial.training.canonical_json(), endless_.count(world) == 0 ? trial.seed : 0);
    const bool new_training = checked_.insert(training).second;
    if (!new_parts && !new_rows && !new_training) return;
    try {
      std::shared_ptr<const Environment> environment =
          catalog_.environments.at(trial.environment.name)
              .make({trial.environment.options}, EnvironmentContext{data_seed(trial), sources_});
      if (new_rows) check_rows(trial, *environment, world);
      if (new_training) check_training(trial, environment);
      if (new_parts) check_parts(trial, std::move(environment));
    } catch (const UsageError& error) {
      add(trial, "environment", "name", trial.environment.name, error.what());
    }
  }

  void raise() const { problems_.raise(); }

 private:
  static std::string key(const Component& part) {
    return '\n' + part.name + part.options.canonical_json();
  }

  /// Without those in which the trials of a random search differ: one check serves all of these.
  [[nodiscard]] Value shared_options(const Component& method) const {
    Value shared = method.options;
    for (const FieldInfo& field : catalog_.methods.at(method.name).schema.fields) {
      if (field.per_replica) shared.as_table().erase(field.name);
    }
    return shared;
  }

  static std::int64_t rows_of(const TrialSpec& trial) {
    return trial.training.find("rows")->as_integer();
  }

  void check_rows(const TrialSpec& trial, const Environment& environment,
                  const std::string& world) {
    bool endless = true;
    for (const Domain& domain : environment.train_domains()) {
      const std::int64_t limit = environment.row_limit(domain, Purpose::train);
      endless = endless && limit == std::numeric_limits<std::int64_t>::max();
      if (rows_of(trial) <= limit) continue;
      // One line of a suite is one problem, however many seeds there are.
      if (!too_many_.insert(fmt::format("{} {} {}", trial.experiment, world, rows_of(trial)))
               .second) {
        break;
      }
      add(trial, "training", "rows", rows_of(trial),
          fmt::format("training.rows = {} is more than the {} training rows {} has in domain '{}' "
                      "with seed {}",
                      rows_of(trial), limit, environment.info().name, domain.name, trial.seed));
      break;
    }
    if (endless) endless_.insert(world);
  }

  void check_training(const TrialSpec& trial, std::shared_ptr<const Environment> world) {
    const DriftedEnvironment environment(std::move(world), 0);
    Problems problems;
    const auto training = TrainingOptions::schema().parse(trial.training, "training", problems);
    try {
      catalog_.regimes.at(trial.regime.name)
          .make({trial.regime.options})
          ->check(environment, training);
    } catch (const UsageError& error) {
      // One line of a suite is one problem, however many seeds there are.
      const std::string once = fmt::format("{} {} {} {}", trial.experiment, key(trial.environment),
                                           key(trial.regime), trial.training.canonical_json());
      if (too_many_.insert(once).second) {
        add(trial, "regime", "name", trial.regime.name, error.what());
      }
    }
  }

  void check_parts(const TrialSpec& trial, std::shared_ptr<const Environment> world) {
    const DriftedEnvironment environment(std::move(world), 0);
    const EnvironmentInfo& info = environment.info();
    attempt(trial, "model", trial.model, [&] {
      (void)catalog_.models.at(trial.model.name)
          .make({trial.model.options}, ModelContext{info.input_shape, info.outputs});
    });
    attempt(trial, "regime", trial.regime, [&] {
      const auto regime = catalog_.regimes.at(trial.regime.name).make({trial.regime.options});
      (void)regime->schedule(environment);
      const std::int64_t domains = regime->batch_domains(environment);
      attempt(trial, "method", trial.method, [&] {
        (void)catalog_.methods.at(trial.method.name)
            .make({trial.method.options}, MethodContext{info.task, 1, domains, info.groups});
      });
    });
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
  const std::shared_ptr<const DataSources>& sources_;
  Problems problems_;
  std::set<std::string> said_;
  std::set<std::string> checked_;
  std::set<std::string> too_many_;
  std::set<std::string> endless_;  ///< worlds that have as many rows as anybody wants
};

}  // namespace

void check_fit(const Suite& suite, const std::vector<TrialSpec>& trials, const Catalog& catalog,
               const std::shared_ptr<const DataSources>& sources) {
  FitCheck fit(suite, catalog, sources);
  for (const TrialSpec& trial : trials) fit.check(trial);
  fit.raise();
}

}  // namespace spurion
