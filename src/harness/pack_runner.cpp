#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "core/machine_limits.hpp"
#include "core/work_clock.hpp"
#include "harness/evaluator.hpp"
#include "harness/linear_shortcut.hpp"
#include "harness/pack_runner.hpp"
#include "harness/seeds.hpp"
#include "harness/threads.hpp"
#include "harness/timed_method.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion {

namespace {

template <class Options>
Options parse_options(const Schema<Options>& schema, const Value& value, const char* owner) {
  Problems problems;
  Options options = schema.parse(value, owner, problems);
  problems.raise();
  return options;
}

std::vector<std::shared_ptr<const Environment>> make_environments(
    const Pack& pack, const Catalog& catalog, const std::shared_ptr<const DataSources>& sources,
    DataCache& cache) {
  const core::ActivityScope scope(core::Activity::data);
  std::vector<std::shared_ptr<const Environment>> each;
  for (const TrialSpec& trial : pack.trials) {
    each.push_back(cache.environment(trial.environment, data_seed(trial), catalog, sources));
  }
  return each;
}

OptimizerOptions gather_optimizer(const Pack& pack) {
  std::vector<OptimizerOptions> each;
  for (const TrialSpec& trial : pack.trials) {
    each.push_back(parse_options(OptimizerOptions::schema(), trial.optimizer, "optimizer"));
  }
  return OptimizerOptions::schema().gather(each);
}

std::vector<TrialResult> run_replicas(const Pack& pack, const Catalog& catalog,
                                      const std::shared_ptr<const DataSources>& sources,
                                      DataCache& cache, const CheckpointPlan& checkpoints,
                                      const std::atomic<bool>* stop,
                                      const std::function<void(double)>& progress, Device device) {
  const auto started = std::chrono::steady_clock::now();
  core::WorkClock clock;
  const TrialSpec& first = pack.trials.front();
  RegimeContext context;
  context.environments = make_environments(pack, catalog, sources, cache);
  for (const TrialSpec& trial : pack.trials) {
    context.order_keys.push_back(replicate_key(trial).child("order"));
  }
  context.training = parse_options(TrainingOptions::schema(), first.training, "training");
  context.evaluation = parse_options(EvaluationOptions::schema(), first.evaluation, "evaluation");

  const Environment& environment = *context.environments.front();
  const EnvironmentInfo& info = environment.info();
  const auto model = catalog.models.at(first.model.name)
                         .make({first.model.options}, ModelContext{info.input_shape, info.outputs});
  const auto regime = catalog.regimes.at(first.regime.name).make({first.regime.options});
  std::vector<Value> method_options;
  std::vector<StreamKey> model_keys;
  std::vector<StreamKey> method_keys;
  for (const TrialSpec& trial : pack.trials) {
    method_options.push_back(trial.method.options);
    model_keys.push_back(replicate_key(trial).child("model").child(trial.model.name));
    method_keys.push_back(replicate_key(trial).child("method"));
  }
  const auto replicas = static_cast<std::int64_t>(pack.trials.size());
  const auto method = catalog.methods.at(first.method.name)
                          .make(method_options, MethodContext{info.task, replicas,
                                                              regime->batch_domains(environment),
                                                              info.groups, method_keys, device});
  const CountingModel counted(*model);
  Trainee trainee(counted, model->initialise(model_keys).to(device), gather_optimizer(pack));
  context.linear_risks =
      device.is_cpu() && uses_linear_risks(*model, *method, info, context.training);
  if (context.linear_risks) {
    trainee.set_full_batch_use(method->full_batch_use());
  } else if (method->needs_second_order()) {
    trainee.use_second_order();
  }

  PackEvaluator::Options options;
  options.evaluation = context.evaluation;
  options.training = context.training;
  // Passes that are differentiated twice, and steps that need no pass, cost what is declared.
  const bool declared = context.linear_risks || method->needs_second_order();
  if (declared) {
    options.step_flops_per_row = model->step_flops() * method->cost_factor();
  } else {
    options.counted = &counted;
  }
  options.stop = stop;
  const auto total = static_cast<double>(
      std::max<std::int64_t>(regime->updates(environment, context.training.steps), 1));
  options.progress = [&progress, total](std::int64_t step) {
    if (progress) progress(std::min(1.0, static_cast<double>(step) / total));
  };
  PackEvaluator evaluator(catalog, context, regime->schedule(environment), options);
  TimedMethod timed(*method, counted);
  std::optional<PackCheckpoint> checkpoint;
  if (!checkpoints.folder.empty()) {
    checkpoint.emplace(checkpoints, pack, evaluator, trainee, *method);
    context.checkpoint = &*checkpoint;
  }
  evaluator.record_ceilings();
  regime->run(context, timed, trainee, evaluator);

  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  const WorkTimes times = clock.times();
  std::vector<TrialResult> results;
  for (std::size_t k = 0; k < pack.trials.size(); ++k) {
    TrialResult result;
    result.spec = pack.trials[k];
    result.measurements = evaluator.measurements(k);
    result.cost = evaluator.cost(k);
    result.cost.seconds = elapsed.count() / static_cast<double>(replicas);
    result.cost.times = times * (1.0 / static_cast<double>(replicas));
    result.cost.replicas = replicas;
    if (const std::int64_t step = trainee.diverged_at()[k]; step >= 0) {
      result.status = Status::diverged;
      result.message = fmt::format("loss or gradient was not finite at step {}", step);
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace

std::vector<TrialResult> run_pack(const Pack& pack, const Catalog& catalog,
                                  const std::shared_ptr<const DataSources>& sources,
                                  DataCache& cache, const CheckpointPlan& checkpoints,
                                  const std::atomic<bool>* stop,
                                  const std::function<void(double)>& progress, Device device) {
  const SingleThreaded single_threaded;
  try {
    return run_replicas(pack, catalog, sources, cache, checkpoints, stop, progress, device);
  } catch (const Error&) {
    throw;  // bad input or an interruption: the same for every trial of the pack
  } catch (const std::exception& error) {
    // That the machine gave out says nothing about a trial.
    if (const std::string problem = machine_problem(error); !problem.empty()) {
      throw ResourceError(problem);
    }
    if (pack.trials.size() == 1) {
      TrialResult result;
      result.spec = pack.trials.front();
      result.status = Status::failed;
      result.message = error.what();
      return {result};
    }
  }
  // Something threw in one of the replicas: alone, only the culprit fails.
  std::vector<TrialResult> results;
  for (const TrialSpec& trial : pack.trials) {
    for (TrialResult& result :
         run_pack(Pack{{trial}, 0.0, 0.0}, catalog, sources, cache, {}, stop, progress, device)) {
      results.push_back(std::move(result));
    }
  }
  return results;
}

std::vector<TrialResult> run_pack(const Pack& pack, const Catalog& catalog,
                                  const std::shared_ptr<const DataSources>& sources,
                                  const std::atomic<bool>* stop,
                                  const std::function<void(double)>& progress, Device device) {
  // What one pack reads again is worth keeping, however much it is.
  DataCache cache(std::numeric_limits<double>::infinity());
  return run_pack(pack, catalog, sources, cache, {}, stop, progress, device);
}

}  // namespace spurion
