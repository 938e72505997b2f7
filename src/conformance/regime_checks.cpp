#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "conformance/regime_probe.hpp"
#include "conformance/schema_checks.hpp"
#include "conformance/tensors.hpp"
#include "conformance/toy_problem.hpp"
#include "nouns/control_shift_environment.hpp"
#include "spurion/run.hpp"

namespace spurion {
namespace conformance {
namespace {

/// The regime under test and the small environment it is tested in.
struct RegimeSubject {
  const Catalog* catalog;
  std::string name;
  Value options;  ///< normalised
  Component environment;
  std::shared_ptr<const Environment> world;
  std::unique_ptr<Regime> regime;
};

/// The first of these that is registered; every row of it is distinct, so labels can be counted,
/// and it has several cues for trajectories of cues.
constexpr const char* kWorlds[] = {"two_shortcuts", "linear_unit_tests", "chain_sem", "two_bit"};

/// The same for regimes whose learner acts: the first of these that is registered.
/// (`tree_harvest` is for those without resets.)
constexpr const char* kActingWorlds[] = {"mountain_car", "cheese_maze", "tree_harvest"};

/// The small environment for regimes whose learner does not act.
Component rows_world(const Catalog& catalog) {
  for (const char* candidate : kWorlds) {
    if (!catalog.environments.contains(candidate)) continue;
    return {candidate, normalised(catalog.environments.at(candidate).schema, {}, candidate)};
  }
  skip("no small environment is registered");
}

std::shared_ptr<const Environment> make_world(const Catalog& catalog, const Component& component) {
  return std::make_shared<nouns::ControlShiftEnvironment>(
      catalog.environments.at(component.name)
          .make({component.options}, EnvironmentContext{7, nullptr}),
      7);
}

/// Whether a regime refuses to train so.
bool refuses(const Regime& regime, const Environment& world, const TrainingOptions& training) {
  try {
    regime.check(world, training);
    return false;
  } catch (const UsageError&) {
    return true;
  }
}

/// An environment that answers to actions with short episodes, and with inputs that say which
/// inputs are shown, where it has such options and the regime takes it so; else as it is. Empty
/// where the regime takes none of them.
std::optional<Component> acting_world(const Catalog& catalog, const Regime& regime,
                                      const std::string& name) {
  const AnySchema& schema = catalog.environments.at(name).schema;
  for (const bool shorter : {true, false}) {
    Value options = Value(Value::Table());
    if (shorter && schema.find("horizon") != nullptr) options.as_table()["horizon"] = 20;
    if (schema.find("graph_inputs") != nullptr) options.as_table()["graph_inputs"] = true;
    const Component component{name, normalised(schema, options, name)};
    if (!refuses(regime, *make_world(catalog, component), {24, 40, 10})) return component;
  }
  return {};
}

/// The environment that a regime is tested in: the first in which it can train.
Component world_of(const Catalog& catalog, const Regime& regime) {
  for (const char* candidate : kActingWorlds) {
    if (!regime.acts() || !catalog.environments.contains(candidate)) continue;
    if (const auto world = acting_world(catalog, regime, candidate)) return *world;
  }
  if (regime.acts()) skip("no environment is registered in which it can train");
  return rows_world(catalog);
}

/// A linear model of the inputs and outputs of the environment.
std::unique_ptr<Model> linear_model(const RegimeSubject& subject) {
  if (!subject.catalog->models.contains("linear")) skip("linear is not registered");
  const auto& entry = subject.catalog->models.at("linear");
  const EnvironmentInfo& info = subject.world->info();
  return entry.make({normalised(entry.schema, {}, "linear")},
                    ModelContext{{element_count(info.input_shape)}, info.outputs});
}

struct Notes {
  Seen seen;
  Told told;
};

/// Two replicas with orders of their own under the probe.
Notes run_probe(const RegimeSubject& subject, const TrainingOptions& training) {
  const std::unique_ptr<Model> model = linear_model(subject);
  RegimeContext context;
  context.environments = {subject.world, subject.world};
  context.order_keys = {RandomKey(1), RandomKey(2)};
  context.training = training;
  OptimizerOptions optimizer;
  optimizer.learning_rate = 0.01;
  ReplicaTrainer trainer(*model, toy_parameters(*model, 2), optimizer);
  Notes notes;
  ProbeMethod method(subject.regime->batch_domains(*subject.world), subject.regime->grants(),
                     notes.seen);
  ProbeEvaluator evaluator(notes.told);
  subject.regime->run(context, method, trainer, evaluator);
  return notes;
}

void check_budget(const RegimeSubject& subject) {
  for (const std::int64_t batch : {0, 10}) {
    if (batch == 0 && refuses(*subject.regime, *subject.world, {24, 40, batch})) continue;
    const Notes notes = run_probe(subject, {24, 40, batch});
    const std::string what = fmt::format("24 steps, 40 rows, batch {}", batch);
    const std::int64_t updates = subject.regime->updates(*subject.world, 24);
    require(notes.seen.updates == updates,
            fmt::format("{}: {} updates were made of {}", what, notes.seen.updates, updates));
    require(
        notes.told.updates == notes.seen.updates,
        fmt::format("{}: {} updates counted of {}", what, notes.told.updates, notes.seen.updates));
    require(notes.told.rows == notes.seen.rows,
            fmt::format("{}: {} rows counted of {} in the gradients", what, notes.told.rows,
                        notes.seen.rows));
    if (subject.regime->acts()) {
      // It may ask for labels that no minibatch has yet, or train on rows whose label is an action
      // of its own. That a seen row is counted again is for the tests of each regime.
      require(subject.regime->grants().rewards || notes.told.labels > 0,
              fmt::format("{}: it trains on an expert's actions and counts no labels", what));
      continue;
    }
    const auto distinct = static_cast<std::int64_t>(notes.seen.distinct.size());
    require(notes.told.labels == distinct,
            fmt::format("{}: {} labels counted, {} distinct rows seen", what, notes.told.labels,
                        distinct));
  }
}

void check_measures(const RegimeSubject& subject) {
  for (const std::int64_t steps : {0, 1, 24}) {
    const Notes notes = run_probe(subject, {steps, 40, 10});
    require(notes.told.full_measurements >= 1 && notes.told.last_full_at == notes.seen.updates,
            fmt::format("{} steps: no full measurement after the last update", steps));
    require(!notes.seen.phases.empty() && notes.seen.phases.front() == 0,
            fmt::format("{} steps: the method was not told that phase 0 begins", steps));
    for (std::size_t i = 1; i < notes.seen.phases.size(); ++i) {
      require(notes.seen.phases[i] == notes.seen.phases[i - 1] + 1, "phases are out of order");
    }
  }
}

void check_schedule(const RegimeSubject& subject) {
  const std::vector<Phase> schedule = subject.regime->schedule(*subject.world);
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    require(schedule[i].domain.name == fmt::format("phase_{}", i),
            fmt::format("phase {} is called '{}'", i, schedule[i].domain.name));
  }
  const std::int64_t domains = subject.regime->batch_domains(*subject.world);
  require(domains >= 1, "batches have no domains");
  require(!subject.regime->adaptation(0) && subject.regime->grants().unlabelled_target ==
                                                subject.regime->adaptation(1).has_value(),
          "it grants unlabelled target rows and gives none, or gives some and does not grant them");
  require(subject.regime->grants().domain_labels || domains == 1,
          fmt::format("domain labels are not granted, but batches tell {} domains apart", domains));
}

/// Whoever asks for the training set gets all of it, the same rows under the same numbers.
void check_training_set(const RegimeSubject& subject) {
  if (!subject.regime->has_training_set()) skip("it has no fixed training set");
  const std::unique_ptr<Model> model = linear_model(subject);
  RegimeContext context;
  context.environments = {subject.world, subject.world};
  context.order_keys = {RandomKey(1), RandomKey(2)};
  for (const std::int64_t batch : {0, 10}) {
    context.training = {8, 40, batch};
    ReplicaTrainer trainer(*model, toy_parameters(*model, 2), OptimizerOptions());
    TrainingSetProbe method(subject.regime->grants().unlabelled_target);
    Told told;
    ProbeEvaluator evaluator(told);
    subject.regime->run(context, method, trainer, evaluator);
    require(method.drew(), "the regime made too few updates");
  }
}

/// Stops a run before update `stop_at` with everything saved; a second run goes on from there.
class StopOnce final : public Checkpoint {
 public:
  struct Stopped {};

  StopOnce(std::int64_t stop_at, Archive& archive) : stop_at_(stop_at), archive_(&archive) {}
  void attach(ReplicaTrainer& trainer) { trainer_ = &trainer; }

  void offer(const Visit& where) override {
    if (seen_++ != stop_at_) return;
    visit(StateVisitor::saver(*archive_), where);
    throw Stopped();
  }
  bool resume(const Visit& where) override {
    if (stop_at_ >= 0) return false;
    visit(StateVisitor::loader(*archive_), where);
    return true;
  }

 private:
  void visit(StateVisitor visitor, const Visit& where) {
    StateVisitor trained = visitor.inside("trainer");
    trainer_->visit_state(trained);
    StateVisitor regime = visitor.inside("regime");
    where(regime);
  }

  std::int64_t stop_at_;
  Archive* archive_;
  ReplicaTrainer* trainer_ = nullptr;
  std::int64_t seen_ = 0;
};

/// Parameters at the end of a run with two replicas; undefined when `checkpoint` stopped it.
Tensor trained(const RegimeSubject& subject, StopOnce* checkpoint) {
  const std::unique_ptr<Model> model = linear_model(subject);
  RegimeContext context;
  context.environments = {subject.world, subject.world};
  context.order_keys = {RandomKey(1), RandomKey(2)};
  context.training = {24, 40, 10};
  context.checkpoint = checkpoint;
  OptimizerOptions optimizer;
  optimizer.learning_rate = 0.01;
  optimizer.schedule = PerReplica<std::string>(std::vector<std::string>{"cosine", "cooldown"});
  optimizer.warmup_fraction = PerReplica<double>({0.0, 0.2});
  ReplicaTrainer trainer(*model, toy_parameters(*model, 2), optimizer);
  trainer.optimizer().begin_schedule(
      std::max<std::int64_t>(subject.regime->updates(*subject.world, context.training.steps), 1));
  if (checkpoint != nullptr) checkpoint->attach(trainer);
  Notes notes;
  ProbeMethod method(subject.regime->batch_domains(*subject.world), subject.regime->grants(),
                     notes.seen);
  ProbeEvaluator evaluator(notes.told);
  try {
    subject.regime->run(context, method, trainer, evaluator);
  } catch (const StopOnce::Stopped&) {
    return {};
  }
  return trainer.parameters().detach().clone();
}

void check_resume(const RegimeSubject& subject) {
  const Tensor whole = trained(subject, nullptr);
  for (const std::int64_t stop_at : {5, 19}) {
    Archive archive;
    StopOnce first(stop_at, archive);
    if (trained(subject, &first).defined()) skip("it offers no checkpoints");
    StopOnce second(-1, archive);
    require_same_bits(fmt::format("stopped before update {} and gone on, and not stopped", stop_at),
                      trained(subject, &second), whole);
  }
}

/// Three seeds of a small trial, each with a schedule of its own, with row counts that fill no
/// vector register.
std::vector<TrialSpec> small_trials(const RegimeSubject& subject) {
  const Catalog& catalog = *subject.catalog;
  const std::string method = subject.regime->grants().rewards ? "reinforce" : "erm";
  if (!catalog.methods.contains(method)) skip(fmt::format("{} is not registered", method));
  if (!catalog.models.contains("linear")) skip("linear is not registered");
  TrialSpec spec;
  spec.environment = subject.environment;
  spec.model = {"linear", normalised(catalog.models.at("linear").schema, {}, "linear")};
  spec.method = {method, normalised(catalog.methods.at(method).schema, {}, method)};
  spec.regime = {subject.name, subject.options};
  spec.optimizer = OptimizerOptions::schema().print({});
  spec.training = TrainingOptions::schema().print({9, 37, 13});
  spec.evaluation = EvaluationOptions::schema().print({53, 0, 19});
  std::vector<TrialSpec> trials(3, spec);
  const char* const schedules[] = {"constant", "cosine", "linear"};
  for (std::size_t k = 0; k < trials.size(); ++k) {
    trials[k].seed = static_cast<std::int64_t>(k);
    trials[k].optimizer.as_table()["schedule"] = schedules[k];
  }
  return trials;
}

void require_same_trial(const std::string& what, const TrialResult& a, const TrialResult& b) {
  require(a.status == b.status && a.measurements.size() == b.measurements.size(),
          fmt::format("{}: {} and {} measurements", what, a.measurements.size(),
                      b.measurements.size()));
  for (std::size_t i = 0; i < a.measurements.size(); ++i) {
    const Measurement& left = a.measurements[i];
    const Measurement& right = b.measurements[i];
    require(left.domain == right.domain && left.metric == right.metric && left.value == right.value,
            fmt::format("{}: {} of '{}' is {} and {} of '{}' is {}", what, left.metric, left.domain,
                        left.value, right.metric, right.domain, right.value));
  }
  require(a.cost.steps == b.cost.steps && a.cost.rows_seen == b.cost.rows_seen &&
              a.cost.labels_used == b.cost.labels_used && a.cost.flops == b.cost.flops,
          what + ": costs differ");
}

void check_bits(const RegimeSubject& subject) {
  const std::vector<TrialSpec> trials = small_trials(subject);
  const auto run = [&](const std::vector<TrialSpec>& some) {
    return run_pack(Pack{some, 0.0, 0.0}, *subject.catalog, nullptr);
  };
  const auto together = run(trials);
  const auto again = run(trials);
  for (std::size_t k = 0; k < trials.size(); ++k) {
    require(together[k].status == Status::done, "a trial ended with: " + together[k].message);
    require_same_trial(fmt::format("seed {}, twice", k), together[k], again[k]);
    require_same_trial(fmt::format("seed {}, alone and among three", k), together[k],
                       run({trials[k]}).front());
  }
}

/// A learner that acts needs an environment that answers.
void check_refusal(const RegimeSubject& subject) {
  if (!subject.regime->acts()) skip("its learner does not act");
  const auto rows = make_world(*subject.catalog, rows_world(*subject.catalog));
  require_refused("an environment that does not answer to actions", [&] {
    subject.regime->check(*rows, TrainingOptions());
    return 0;
  });
}

}  // namespace
}  // namespace conformance

std::vector<ConformanceResult> check_regime(const Catalog& catalog, const std::string& name,
                                            const Value& options) {
  using namespace conformance;
  const OneThread one_thread;
  const auto& entry = catalog.regimes.at(name);
  Checker checker({"regime", name, options});
  if (options.as_table().empty()) check_entry(checker, entry.info, entry.schema);

  RegimeSubject subject;
  subject.catalog = &catalog;
  subject.name = name;
  const bool made = checker.check("can be made", [&] {
    subject.options = normalised(entry.schema, options, name);
    subject.regime = entry.make({subject.options});
    subject.environment = world_of(catalog, *subject.regime);
    subject.world = make_world(catalog, subject.environment);
  });
  if (!made) return checker.take();
  checker.check("schedule and batch domains", [&] { check_schedule(subject); });
  checker.check("counts updates, rows and labels", [&] { check_budget(subject); });
  checker.check("gives its training set to methods that ask", [&] { check_training_set(subject); });
  checker.check("goes on where it was stopped, bit for bit", [&] { check_resume(subject); });
  checker.check("measures after the last update", [&] { check_measures(subject); });
  checker.check("two runs, and alone or among others: the same bits", [&] { check_bits(subject); });
  checker.check("refuses environments that do not answer to actions",
                [&] { check_refusal(subject); });
  return checker.take();
}

}  // namespace spurion
