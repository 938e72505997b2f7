#include <algorithm>
#include <cmath>
#include <map>

#include "harness/linear_shortcut.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion {

namespace {

/// Options without the fields in which replicas of one batch may differ.
Value shared_options(const Value& options, const AnySchema& schema) {
  Value shared = options;
  for (const FieldInfo& field : schema.fields) {
    if (field.per_replica) shared.as_table().erase(field.name);
  }
  return shared;
}

std::string pack_key(const TrialSpec& trial, const Catalog& catalog) {
  const Value key = Value::Table{
      {"environment", trial.environment.name},
      {"environment_options", trial.environment.options},
      {"model", trial.model.name},
      {"model_options", trial.model.options},
      {"method", trial.method.name},
      {"method_options",
       shared_options(trial.method.options, catalog.methods.at(trial.method.name).schema)},
      {"regime", trial.regime.name},
      {"regime_options", trial.regime.options},
      {"optimizer", shared_options(trial.optimizer, AnySchema::of(OptimizerOptions::schema()))},
      {"training", trial.training},
      {"evaluation", trial.evaluation}};
  return key.canonical_json();
}

/// What one trial costs, from its shapes.
struct Estimate {
  double flops = 0.0;
  double replica_bytes = 0.0;  ///< parameters, moments, activations of one replica
  double cache_bytes = 0.0;    ///< the part of it that a step goes through again and again
  double data_bytes = 0.0;     ///< rows of one data seed
  std::int64_t max_replicas = 1;
};

Estimate estimate(const TrialSpec& trial, const Catalog& catalog, const DataSources& sources) {
  Problems problems;
  const TrainingOptions training =
      TrainingOptions::schema().parse(trial.training, "training", problems);
  const EvaluationOptions evaluation =
      EvaluationOptions::schema().parse(trial.evaluation, "evaluation", problems);
  problems.raise();
  // Shapes and costs need an instance; it must not own the caller's sources.
  const std::shared_ptr<const DataSources> borrowed(&sources, [](const DataSources*) {});
  const auto environment = catalog.environments.at(trial.environment.name)
                               .make({trial.environment.options}, EnvironmentContext{0, borrowed});
  const EnvironmentInfo& info = environment->info();
  const auto model = catalog.models.at(trial.model.name)
                         .make({trial.model.options}, ModelContext{info.input_shape, info.outputs});
  const auto regime = catalog.regimes.at(trial.regime.name).make({trial.regime.options});
  const auto domains = static_cast<double>(regime->batch_domains(*environment));
  const auto method =
      catalog.methods.at(trial.method.name)
          .make({trial.method.options},
                MethodContext{info.task, 1, static_cast<std::int64_t>(domains), info.groups});
  const std::int64_t per_domain =
      training.batch == 0 ? training.rows : std::min(training.batch, training.rows);
  const double batch_rows = domains * static_cast<double>(per_domain);
  Estimate result;
  result.flops = static_cast<double>(training.steps) * batch_rows * model->step_flops() *
                 method->cost_factor();
  const double row_bytes = 4.0 * static_cast<double>(element_count(info.input_shape));
  // Parameters, gradient, two moments, and the two temporaries of a penalty.
  const double parameter_bytes = 6.0 * 4.0 * static_cast<double>(model->parameter_count());
  result.cache_bytes = parameter_bytes + batch_rows * model->activation_bytes();
  result.replica_bytes = result.cache_bytes;
  if (uses_linear_risks(*model, *method, info, training)) {
    // Rows are read in chunks that all replicas of a data seed share; more replicas spread what a
    // step costs besides them.
    result.cache_bytes = parameter_bytes;
    result.replica_bytes = parameter_bytes + 4.0 * batch_rows;
  }
  result.data_bytes = row_bytes * (domains * static_cast<double>(training.rows) +
                                   4.0 * (domains + 2.0) * static_cast<double>(evaluation.rows));
  result.max_replicas = std::min(model->max_replicas(), method->max_replicas());
  return result;
}

/// A chunk whose working set stays in this much cache trains faster than a larger one.
constexpr double kCacheBytes = 1.0 * 1024 * 1024;

}  // namespace

std::vector<Pack> plan(const std::vector<TrialSpec>& trials, const Catalog& catalog,
                       const DataSources& sources, const PlanOptions& options) {
  std::map<std::string, std::vector<TrialSpec>> groups;
  for (const TrialSpec& trial : trials) groups[pack_key(trial, catalog)].push_back(trial);
  std::vector<Pack> packs;
  for (auto& [key, group] : groups) {
    // Replicas of one seed share its rows: side by side.
    std::stable_sort(group.begin(), group.end(),
                     [](const TrialSpec& a, const TrialSpec& b) { return a.seed < b.seed; });
    const Estimate cost = estimate(group.front(), catalog, sources);
    auto size = static_cast<std::int64_t>(std::floor(kCacheBytes / cost.cache_bytes));
    if (options.memory_bytes > 0.0) {
      size = std::min(size, static_cast<std::int64_t>(options.memory_bytes /
                                                      (cost.replica_bytes + cost.data_bytes)));
    }
    size = std::clamp<std::int64_t>(size, 1, std::min(options.max_replicas, cost.max_replicas));
    for (std::size_t first = 0; first < group.size(); first += static_cast<std::size_t>(size)) {
      const std::size_t last = std::min(group.size(), first + static_cast<std::size_t>(size));
      Pack pack;
      pack.trials.assign(group.begin() + static_cast<std::ptrdiff_t>(first),
                         group.begin() + static_cast<std::ptrdiff_t>(last));
      const auto replicas = static_cast<double>(pack.trials.size());
      pack.flops = cost.flops * replicas;
      pack.memory_bytes = (cost.replica_bytes + cost.data_bytes) * replicas;
      packs.push_back(std::move(pack));
    }
  }
  std::stable_sort(packs.begin(), packs.end(),
                   [](const Pack& a, const Pack& b) { return a.flops > b.flops; });
  return packs;
}

}  // namespace spurion
