#include "harness/run/run_session.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "catalog/method_needs.hpp"
#include "catalog/plugin_parts.hpp"
#include "core/failure.hpp"
#include "core/machine_limits.hpp"
#include "core/work_clock.hpp"
#include "harness/measure/adapted_predictors.hpp"
#include "harness/measure/evaluator.hpp"
#include "harness/measure/theory_measurements.hpp"
#include "harness/measure/timed_method.hpp"
#include "harness/plan/linear_shortcut.hpp"
#include "harness/run/kept_models.hpp"
#include "harness/run/threads.hpp"
#include "nouns/border_checks.hpp"
#include "nouns/held_out_domain.hpp"
#include "nouns/mechanism_facts.hpp"
#include "nouns/seeds.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

namespace {

template <class Options>
Options parse_options(const Schema<Options>& schema, const Value& value, const char* owner) {
  Problems problems;
  Options options = schema.parse(value, owner, problems);
  problems.raise();
  return options;
}

/// The environments a pack uses, by their names: one of its options for each seed.
std::set<std::string> environments_of(const Pack& pack) {
  std::set<std::uint64_t> seeds;
  for (const TrialSpec& trial : pack.trials) seeds.insert(nouns::data_seed(trial));
  std::set<std::string> keys;
  for (const std::uint64_t seed : seeds) {
    keys.insert(EnvironmentPool::key(pack.trials.front().environment, seed));
  }
  return keys;
}

OptimizerOptions gather_optimizer(const Pack& pack) {
  std::vector<OptimizerOptions> each;
  for (const TrialSpec& trial : pack.trials) {
    each.push_back(parse_options(OptimizerOptions::schema(), trial.optimizer, "optimizer"));
  }
  return OptimizerOptions::schema().gather(each);
}

/// What the trials of a pack are made of. Whatever throws while it is made is attributed to its
/// part.
struct Parts {
  core::Part model_part;
  core::Part regime_part;
  core::Part method_part;
  std::unique_ptr<Model> model;
  std::unique_ptr<Regime> regime;
  std::unique_ptr<Method> method;
  std::vector<RandomKey> model_keys;  ///< [K]
  std::vector<Phase> schedule;
  RiskInput use = RiskInput::logits;
  bool second_order = false;
  std::int64_t updates = 1;
  double step_flops = 0.0;  ///< declared, of a row
};

Parts make_parts(const Pack& pack, const Catalog& catalog, const RegimeContext& context,
                 Device device) {
  const TrialSpec& first = pack.trials.front();
  const Environment& environment = *context.environments.front();
  const EnvironmentInfo& info = environment.info();
  Parts parts;
  parts.model_part = core::part_of(catalog.models, first.model.name);
  parts.regime_part = core::part_of(catalog.regimes, first.regime.name);
  parts.method_part = core::part_of(catalog.methods, first.method.name);
  parts.model = core::blamed(parts.model_part, [&] {
    auto model = catalog.models.at(first.model.name)
                     .make({first.model.options}, ModelContext{info.input_shape, info.outputs});
    nouns::check_layout(*model);
    return model;
  });
  MethodContext method{info.task, static_cast<std::int64_t>(pack.trials.size()), 1, info.groups, {},
                       device};
  core::blamed(parts.regime_part, [&] {
    parts.regime = catalog.regimes.at(first.regime.name).make({first.regime.options});
    method.domains = parts.regime->batch_domains(environment);
    if (method.domains < 1) throw PluginError("its minibatches have no domains");
    parts.updates =
        std::max<std::int64_t>(parts.regime->updates(environment, context.training.steps), 1);
    method.steps = parts.updates;
    method.input_shape = info.input_shape;
    method.outputs = info.outputs;
    parts.schedule = parts.regime->schedule(environment);
    nouns::check_schedule(parts.schedule, info);
  });
  std::vector<Value> method_options;
  for (const TrialSpec& trial : pack.trials) {
    method_options.push_back(trial.method.options);
    parts.model_keys.push_back(nouns::seed_key(trial).child("model").child(trial.model.name));
    method.keys.push_back(nouns::seed_key(trial).child("method"));
  }
  std::vector<const Environment*> environments;
  for (const auto& each : context.environments) environments.push_back(each.get());
  method.make_probe = [&catalog, probe = ProbeContext{info.task, info.outputs, info.input_shape}](
                          const Value& written) { return probe_of(catalog, written, probe); };
  core::blamed(parts.method_part, [&] {
    nouns::tell_mechanism(method, catalog::method_needs(catalog, first.method), environments);
    parts.method = catalog.methods.at(first.method.name).make(method_options, method);
    parts.use = parts.method->risk_input();
    parts.second_order = parts.method->needs_second_order();
    parts.step_flops = parts.model->step_flops() * parts.method->cost_factor();
    if (!std::isfinite(parts.step_flops) || !(parts.step_flops > 0.0)) {
      throw PluginError("its cost_factor is not a positive number");
    }
  });
  return parts;
}

PackEvaluator::Options evaluator_options(const RegimeContext& context, const Parts& parts,
                                         const CountingModel& counted, const PackOptions& pack) {
  PackEvaluator::Options options;
  options.evaluation = context.evaluation;
  options.training = context.training;
  // Passes that are differentiated twice, and steps that need no pass, cost what is declared.
  if (context.linear_risks || parts.second_order) {
    options.step_flops_per_row = parts.step_flops;
  } else {
    options.counted = &counted;
  }
  // What learns from rewards is a distribution over actions: its most probable action alone may go
  // round in a circle for ever, where the policy that was trained leaves it.
  options.samples_actions = parts.method->needs().rewards;
  options.evaluated = [&parts](const ReplicaTrainer& trainer) {
    return core::blamed(parts.method_part, [&] { return parts.method->evaluated(trainer); });
  };
  options.reference = [&parts](const ReplicaTrainer& trainer) {
    return core::blamed(parts.method_part, [&] { return parts.method->reference(trainer); });
  };
  options.adaptation = [&parts](const ReplicaTrainer& trainer, std::int64_t phase) {
    auto adaptation =
        core::blamed(parts.regime_part, [&] { return parts.regime->adaptation(phase); });
    const bool adapts = adaptation && core::blamed(parts.method_part, [&] {
                          return parts.method->adapter(trainer) != nullptr;
                        });
    if (!adapts) adaptation.reset();
    return adaptation;
  };
  options.adapted = [&parts](const ReplicaTrainer& trainer, const std::vector<Tensor>& batches,
                             bool episodic) {
    return core::blamed(parts.method_part, [&] {
      return adapted_predictors(*parts.method, trainer, batches, episodic);
    });
  };
  options.stop = pack.stop;
  options.progress = [&pack, total = static_cast<double>(parts.updates)](std::int64_t step) {
    if (pack.progress) pack.progress(std::min(1.0, static_cast<double>(step) / total));
  };
  return options;
}

TrialResult result_of(const TrialSpec& spec, std::size_t replica, const PackEvaluator& evaluator,
                      const ReplicaTrainer& trainer) {
  TrialResult result;
  result.spec = spec;
  result.measurements = evaluator.measurements(replica);
  result.cost = evaluator.cost(replica);
  if (const std::int64_t step = trainer.diverged_at()[replica]; step >= 0) {
    result.status = Status::diverged;
    result.message = !evaluator.verdict(replica).empty()
                         ? evaluator.verdict(replica)
                         : fmt::format("loss or gradient was not finite at step {}", step);
  }
  return result;
}

/// Whether it is what code throws that refuses its input.
bool is_refusal(const std::exception_ptr& cause) {
  try {
    std::rethrow_exception(cause);
  } catch (const UsageError&) {
    return true;
  } catch (...) {
    return false;
  }
}

/// Among built-ins alone, errors that spurion throws on purpose are bad input, a store that cannot
/// be written, or a broken promise: the same for every trial, they end the run. So does a machine
/// that gave out, which is not the fault of a trial. All else fails its own trials: also a method
/// that refuses the rows it is given, for those of another seed may be better.
void rethrow_unless_plugin(const std::exception_ptr& failure, const TrialSpec& trial,
                           const Catalog& catalog) {
  if (catalog::has_plugin_part(trial, catalog)) return;
  try {
    try {
      std::rethrow_exception(failure);
    } catch (const core::PartFailure& part) {
      if (part.part().kind == "method" && is_refusal(part.cause())) return;
      std::rethrow_exception(part.cause());
    }
  } catch (const PluginError&) {
    return;  // what a built-in hands over is no better than what a plug-in does
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    if (const std::string problem = core::machine_problem(error); !problem.empty()) {
      throw ResourceError(problem);
    }
  } catch (...) {
    return;
  }
}

}  // namespace

RegimeContext RunSession::context_of(const Pack& pack) {
  RegimeContext context;
  const TrialSpec& first = pack.trials.front();
  context.training = parse_options(TrainingOptions::schema(), first.training, "training");
  {
    const core::ActivityScope scope(core::Activity::data);
    // Replicas of one environment share it.
    std::map<const Environment*, std::shared_ptr<const Environment>> made;
    for (const TrialSpec& trial : pack.trials) {
      const auto whole = cache_.environment(trial.environment, nouns::data_seed(trial), *pool_);
      auto& one = made[whole.get()];
      if (!one) one = nouns::with_held_out_domain(whole, context.training.held_out_domain);
      context.environments.push_back(one);
    }
  }
  for (const TrialSpec& trial : pack.trials) {
    context.order_keys.push_back(nouns::seed_key(trial).child("order"));
  }
  context.evaluation = parse_options(EvaluationOptions::schema(), first.evaluation, "evaluation");
  return context;
}

std::vector<TrialResult> RunSession::train(const Pack& pack, const PackOptions& options,
                                           const CheckpointPlan& checkpoints) {
  const auto started = std::chrono::steady_clock::now();
  core::WorkClock clock;
  const Catalog& catalog = pool_->catalog();
  RegimeContext context = context_of(pack);
  const EnvironmentInfo& info = context.environments.front()->info();
  const Parts parts = make_parts(pack, catalog, context, options.device);
  const CountingModel counted(*parts.model, parts.model_part, info.outputs);
  ReplicaTrainer trainer(counted, counted.initialise(parts.model_keys).to(options.device),
                         gather_optimizer(pack));
  trainer.optimizer().begin_schedule(parts.updates);  // regimes with phases begin others
  context.linear_risks = options.device.is_cpu() &&
                         uses_linear_risks(*parts.model, *parts.method, info, context.training);
  if (context.linear_risks) {
    trainer.set_risk_input(parts.use);
  } else if (parts.second_order) {
    trainer.use_second_order();
  }

  core::blamed(parts.method_part, [&] { trainer.add_blocks(parts.method->own_blocks(counted)); });

  PackEvaluator::Options evaluation = evaluator_options(context, parts, counted, options);
  evaluation.theory = [&](std::int64_t replica) {
    return theory_request({*parts.method, *parts.regime, parts.schedule.empty(), context.training,
                           parts.updates, trainer},
                          replica);
  };
  PackEvaluator evaluator(catalog, context, parts.schedule, std::move(evaluation));
  TimedMethod timed(*parts.method, counted, {parts.method_part, parts.regime_part, &info});
  std::optional<PackCheckpoint> checkpoint;
  if (!checkpoints.folder.empty()) {
    checkpoint.emplace(checkpoints, pack, evaluator, trainer, timed);
    context.checkpoint = &*checkpoint;
  }
  evaluator.record_ceilings();
  core::blamed(parts.regime_part, [&] {
    parts.regime->run(context, timed, trainer, evaluator);
    if (!evaluator.measured()) throw PluginError("it never called Evaluator::measure");
  });
  evaluator.judge_end(trainer, parts.model_keys);
  if (!options.keep_models.folder.empty()) {
    const at::NoGradGuard no_grad;
    const Evaluated evaluated =
        core::blamed(parts.method_part, [&] { return parts.method->evaluated(trainer); });
    keep_models(options.keep_models, pack, trainer, evaluated);
  }

  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  const auto replicas = static_cast<std::int64_t>(pack.trials.size());
  const double share = 1.0 / static_cast<double>(replicas);
  const WorkTimes times = clock.times();
  std::vector<TrialResult> results;
  for (std::size_t k = 0; k < pack.trials.size(); ++k) {
    TrialResult& result = results.emplace_back(result_of(pack.trials[k], k, evaluator, trainer));
    result.cost.seconds = elapsed.count() / static_cast<double>(replicas);
    result.cost.times = times * share;
    result.cost.replicas = replicas;
  }
  return results;
}

std::vector<TrialResult> RunSession::run(const Pack& pack, const PackOptions& options,
                                         const std::string& made_by) {
  const SingleThreaded single_threaded;
  CheckpointPlan checkpoints;
  if (!made_by.empty()) {
    checkpoints = checkpoints_;
    checkpoints.made_by = made_by;
    checkpoints.stop = options.stop;
  }
  std::exception_ptr failure;
  try {
    return train(pack, options, checkpoints);
  } catch (const UnwrittenModel&) {
    throw;  // no fault of a trial
  } catch (const Interrupted&) {
    // Code of a plug-in may throw one, too: then nobody asked for it.
    if (options.stop == nullptr || options.stop->load()) throw;
    failure = std::current_exception();
  } catch (...) {
    failure = std::current_exception();
    rethrow_unless_plugin(failure, pack.trials.front(), pool_->catalog());
  }
  if (pack.trials.size() == 1) {
    TrialResult result;
    result.spec = pack.trials.front();
    result.status = Status::failed;
    result.message = core::one_line(failure);
    return {result};
  }
  // Something threw in one of the replicas: alone, only the culprit fails.
  std::vector<TrialResult> results;
  for (const TrialSpec& trial : pack.trials) {
    for (TrialResult& result : run(Pack{{trial}, 0.0, 0.0}, options)) {
      results.push_back(std::move(result));
    }
  }
  return results;
}

void RunSession::expect(const Pack& pack) {
  for (const std::string& key : environments_of(pack)) cache_.expect(key);
}

void RunSession::finish(const Pack& pack) {
  for (const std::string& key : environments_of(pack)) cache_.done(key);
  PackCheckpoint::discard(checkpoints_, pack);
}

}  // namespace spurion::harness

namespace spurion {

std::vector<TrialResult> run_pack(const Pack& pack, const Catalog& catalog,
                                  const std::shared_ptr<const DataSources>& sources,
                                  const PackOptions& options) {
  harness::EnvironmentPool pool(catalog, sources);
  // What one pack reads again is worth keeping, however much it is.
  harness::RunSession session(pool, std::numeric_limits<double>::infinity());
  return session.run(pack, options);
}

}  // namespace spurion
