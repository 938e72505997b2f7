#include <ATen/ATen.h>

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/regime.hpp"
#include "spurion/suite.hpp"
#include "unit/acting/tiny_worlds.hpp"
#include "unit/replicas.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// Writes down what a regime counts and records.
class Notes final : public Evaluator {
 public:
  std::map<std::string, std::vector<Tensor>> records;
  std::int64_t updates = 0;
  std::int64_t rows = 0;
  std::vector<std::int64_t> labels;  ///< of the first replica, of each update
  double flops = 0.0;
  std::int64_t domains_measured = 0;

  void measure(ReplicaTrainer& /*trainer*/, std::int64_t phase, EvaluationScope scope) override {
    CHECK(phase == 0);
    if (scope == EvaluationScope::domains) ++domains_measured;
  }
  void record(const ReplicaTrainer& /*trainer*/, std::int64_t phase, const Domain& domain,
              const std::string& metric, const Tensor& values) override {
    CHECK(phase == 0);
    CHECK(domain.name == "acting");
    records[metric].push_back(values);
  }
  void mask_inputs(const Tensor& /*mask*/) override {}
  using Evaluator::count_update;
  void count_update(const ReplicaTrainer& /*trainer*/, const UpdateCounts& counts) override {
    ++updates;
    rows += counts.rows;
    labels.push_back(counts.new_labels.front());
    if (!counts.flops.empty()) flops += counts.flops.front();
  }
};

/// Stops a run before update `at` with everything saved; with at = -1 a run goes on from there.
class StopOnce final : public Checkpoint {
 public:
  struct Stopped {};
  StopOnce(std::int64_t at, Archive& archive) : at_(at), archive_(&archive) {}
  void attach(ReplicaTrainer& trainer, Method& method) {
    trainer_ = &trainer;
    method_ = &method;
  }
  void offer(const Visit& where) override {
    if (seen_++ != at_) return;
    visit(StateVisitor::saver(*archive_), where);
    throw Stopped();
  }
  bool resume(const Visit& where) override {
    if (at_ >= 0) return false;
    visit(StateVisitor::loader(*archive_), where);
    return true;
  }

 private:
  void visit(const StateVisitor& visitor, const Visit& where) {
    StateVisitor trained = visitor.inside("trainer");
    trainer_->visit_state(trained);
    StateVisitor learned = visitor.inside("method");
    method_->visit_state(learned);
    StateVisitor regime = visitor.inside("regime");
    where(regime);
  }
  std::int64_t at_;
  Archive* archive_;
  ReplicaTrainer* trainer_ = nullptr;
  Method* method_ = nullptr;
  std::int64_t seen_ = 0;
};

/// A regime with a method in a tiny world.
struct Setting {
  std::string regime = "policy_gradient";
  Value::Table regime_options = {};
  std::string method = "ppo";
  Value::Table method_options = {};
  std::vector<std::shared_ptr<const Environment>> environments;  ///< [K]
  std::vector<std::uint64_t> seeds = {1, 2};                     ///< [K]
  TrainingOptions training = {120, 64, 16};
  std::int64_t every = 0;
};

struct Trained {
  std::unique_ptr<Model> model;
  std::unique_ptr<ReplicaTrainer> trainer;
  Tensor parameters;  ///< undefined where the run was stopped
  Notes notes;
};

Value normal_options(const AnySchema& schema, const Value::Table& given, const std::string& name) {
  Problems problems;
  const Value options = schema.normalise(given, name, problems);
  problems.raise();
  return options;
}

void run(const Setting& setting, Trained& out, StopOnce* checkpoint = nullptr) {
  static const Catalog catalog = builtin_catalog();
  const Environment& world = *setting.environments.front();
  const auto& linear = catalog.models.at("linear");
  out.model = linear.make({normal_options(linear.schema, {}, "linear")},
                          ModelContext{world.info().input_shape, world.info().outputs});
  const auto& entry = catalog.regimes.at(setting.regime);
  const auto regime =
      entry.make({normal_options(entry.schema, setting.regime_options, setting.regime)});
  RegimeContext context;
  context.environments = setting.environments;
  MethodContext given{Task::multiclass, static_cast<std::int64_t>(setting.seeds.size()),
                      regime->batch_domains(world), 0};
  std::vector<RandomKey> starts;
  for (const std::uint64_t seed : setting.seeds) {
    context.order_keys.push_back(RandomKey(seed).child("order"));
    given.keys.push_back(RandomKey(seed).child("method"));
    starts.push_back(RandomKey(seed).child("model"));
  }
  context.training = setting.training;
  context.evaluation.every = setting.every;
  context.checkpoint = checkpoint;
  given.steps = setting.training.steps;
  given.input_shape = world.info().input_shape;
  given.outputs = world.info().outputs;
  const auto& learner = catalog.methods.at(setting.method);
  const auto method = learner.make(
      std::vector<Value>(setting.seeds.size(),
                         normal_options(learner.schema, setting.method_options, setting.method)),
      given);
  OptimizerOptions optimizer;
  optimizer.learning_rate = 0.05;
  out.trainer =
      std::make_unique<ReplicaTrainer>(*out.model, out.model->initialise(starts), optimizer);
  out.trainer->add_blocks(method->own_blocks(*out.model));
  if (checkpoint != nullptr) checkpoint->attach(*out.trainer, *method);
  try {
    regime->check(world, setting.training);
    regime->run(context, *method, *out.trainer, out.notes);
    out.parameters = out.trainer->parameters().detach().clone();
  } catch (const StopOnce::Stopped&) {
  }
}

/// The problem of a setting that is refused.
std::string acting_refusal(const Setting& setting) {
  try {
    Trained trained;
    run(setting, trained);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

/// Probability of the second action for each row of inputs, [K, rows].
Tensor right(const Trained& trained, const Tensor& x) {
  const at::NoGradGuard no_grad;
  return trained.model->forward(trained.parameters, x.unsqueeze(0)).logits.softmax(2).select(2, 1);
}

/// One setting for each regime that learns from rewards.
std::vector<Setting> every_regime() {
  Setting curriculum;
  curriculum.regime_options = {{"curriculum", "regret"}, {"exploration", 0.05}};
  const auto one = std::make_shared<tests::Corridor>(false, 2, 1);
  curriculum.environments = {one, std::make_shared<tests::Corridor>(false, 2, 2), one};
  curriculum.seeds = {1, 2, 3};
  Setting fine = curriculum;
  fine.regime = "offline_then_online";
  fine.regime_options = {{"offline_fraction", 0.25}, {"rollout_steps", 9}, {"minibatches", 3}};
  fine.method_options = {{"kl_anchor", 0.1}};
  Setting life = curriculum;
  life.regime = "continual_acting";
  life.regime_options = {};
  life.method = "reinforce";
  const auto lives = std::make_shared<tests::Corridor>(true, 1, 1);
  life.environments = {lives, std::make_shared<tests::Corridor>(true, 1, 2), lives};
  for (Setting* each : {&curriculum, &fine, &life}) each->training = {31, 20, 5};
  return {curriculum, fine, life};
}

}  // namespace

TEST_CASE("learners from rewards find the best policy of two arms and of a corridor") {
  const Tensor sides = at::tensor({1.0F, -1.0F, 1.0F, 1.0F}).reshape({2, 2});
  const Tensor cells = at::eye(tests::Corridor::kCells).narrow(0, 0, 4);
  for (const auto& [method, options] :
       {std::pair<std::string, Value::Table>{"ppo", {}},
        {"ppo", {{"normalise_advantages", true}, {"clip_value_loss", true}}},
        {"reinforce", {}},
        {"reinforce", {{"baseline", "batch_mean"}}}}) {
    CAPTURE(method, Value(options).canonical_json());
    Setting setting;
    setting.method = method;
    setting.method_options = options;
    const auto arms = std::make_shared<tests::TwoArms>();
    setting.environments = {arms, arms};
    Trained two;
    run(setting, two);
    const Tensor by_side = right(two, sides);
    CHECK(by_side.select(1, 0).lt(0.1).all().item<bool>());
    CHECK(by_side.select(1, 1).gt(0.9).all().item<bool>());

    const auto corridor = std::make_shared<tests::Corridor>();
    setting.environments = {corridor, corridor};
    Trained five;
    run(setting, five);
    CHECK(right(five, cells).gt(0.75).all().item<bool>());
  }
}

TEST_CASE("what a learner does is counted") {
  Setting setting;
  const auto world = std::make_shared<tests::Corridor>(false, 2);
  setting.environments = {world, world};
  setting.training = {40, 64, 6};
  setting.regime_options = {{"rollout_steps", 10}, {"epochs", 2}, {"minibatches", 4}};
  setting.every = 20;
  Trained trained;
  run(setting, trained);
  const Notes& notes = trained.notes;
  CHECK(notes.updates == 40);
  CHECK(notes.rows == 40 * 2 * (10 * 6 / 4));
  for (const std::int64_t labels : notes.labels) CHECK(labels == 0);
  // A rollout of 10 steps of 6 episodes in 2 domains every 8 updates.
  const double steps = 40.0 / 8.0 * 10.0 * 6.0 * 2.0;
  CHECK(notes.flops == Approx(steps * trained.model->forward_flops()));
  const std::vector<Tensor>& counted = notes.records.at("environment_steps");
  REQUIRE(counted.size() == 2);  // before update 20, and at the end
  CHECK(counted[0][0].item<double>() == 3.0 * 120.0);
  CHECK(counted[1][1].item<double>() == steps);
  for (const Tensor& returns : notes.records.at("training_return")) {
    CHECK(returns.gt(0.0).all().item<bool>());
    CHECK(returns.le(1.0).all().item<bool>());
  }
}

TEST_CASE("demonstrations first: their labels count, and no environment is acted in") {
  Setting setting = every_regime()[1];
  setting.training = {40, 20, 5};
  Trained trained;
  run(setting, trained);
  const Notes& notes = trained.notes;
  REQUIRE(notes.labels.size() == 40);
  std::int64_t revealed = 0;
  for (std::size_t step = 0; step < 10; ++step) revealed += notes.labels[step];
  CHECK(revealed == 2 * 20);  // two domains of 20 rows
  for (std::size_t step = 10; step < 40; ++step) CHECK(notes.labels[step] == 0);
  CHECK(notes.domains_measured == 1);  // what the demonstrations gave
  // Twelve updates of a rollout: three rollouts of 9 steps of 5 episodes in 2 domains.
  CHECK(notes.records.at("environment_steps").back()[0].item<double>() == 3.0 * 9.0 * 5.0 * 2.0);
}

TEST_CASE("one life goes on: the reward of a step rises along it") {
  Setting setting = every_regime()[2];
  setting.training = {120, 20, 5};
  setting.method = "ppo";
  setting.every = 30;
  Trained trained;
  run(setting, trained);
  const std::vector<Tensor>& rewards = trained.notes.records.at("training_return");
  REQUIRE(rewards.size() == 4);
  CHECK((rewards.back() - rewards.front()).gt(0.05).all().item<bool>());
  // Always to the right it is one reward in four steps.
  CHECK(rewards.back().le(0.25).all().item<bool>());
  CHECK(trained.notes.records.at("environment_steps").back()[0].item<double>() == 120.0 * 16 * 5);
}

TEST_CASE("learners from rewards: the same bits alone, among others, and resumed") {
  for (const Setting& setting : every_regime()) {
    CAPTURE(setting.regime);
    Trained together;
    run(setting, together);
    REQUIRE(together.parameters.defined());
    for (std::size_t k = 0; k < setting.seeds.size(); ++k) {
      CAPTURE(k);
      Setting one = setting;
      one.environments = {setting.environments[k]};
      one.seeds = {setting.seeds[k]};
      Trained alone;
      run(one, alone);
      const auto row = static_cast<std::int64_t>(k);
      CHECK(tests::same_bits(together.parameters.narrow(0, row, 1), alone.parameters));
      CHECK(tests::same_bits(together.trainer->own("values").detach().narrow(0, row, 1),
                             alone.trainer->own("values").detach()));
      for (const auto& [name, values] : together.notes.records) {
        const std::vector<Tensor>& own = alone.notes.records.at(name);
        REQUIRE(own.size() == values.size());
        for (std::size_t i = 0; i < own.size(); ++i) {
          CHECK(tests::same_bits(values[i].narrow(0, row, 1), own[i]));
        }
      }
    }
    for (const std::int64_t at : {3, 21}) {
      CAPTURE(at);
      Archive archive;
      StopOnce stop(at, archive);
      Trained first;
      run(setting, first, &stop);
      CHECK_FALSE(first.parameters.defined());
      StopOnce go_on(-1, archive);
      Trained second;
      run(setting, second, &go_on);
      CHECK(tests::same_bits(second.parameters, together.parameters));
      for (const auto& [name, values] : together.notes.records) {
        CHECK(tests::same_bits(second.notes.records.at(name).back(), values.back()));
      }
    }
  }
}

TEST_CASE("settings in which nobody can act are refused with one sentence") {
  Setting setting;
  const auto world = std::make_shared<tests::Corridor>();
  setting.environments = {world, world};
  const auto refused = [&](const std::string& regime, const Value::Table& options,
                           std::int64_t batch) {
    Setting one = setting;
    one.regime = regime;
    one.regime_options = options;
    one.training.batch = batch;
    return acting_refusal(one);
  };
  CHECK_THAT(refused("policy_gradient", {}, 0), Contains("training.batch = 0"));
  CHECK_THAT(refused("policy_gradient", {{"minibatches", 100}, {"rollout_steps", 2}}, 3),
             Contains("a rollout has 6 steps of each train domain: 3 episodes of 2 steps"));
  CHECK(refused("policy_gradient", {{"exploration", 0.5}}, 3).empty());
  CHECK_THAT(refused("policy_gradient", {{"curriculum", "regret"}}, 3),
             Contains("corridor has only one"));
  CHECK_THAT(refused("continual_acting", {}, 3),
             Contains("the episodes of corridor end; use the regime policy_gradient"));
  setting.environments = {std::make_shared<tests::Corridor>(true)};
  setting.seeds = {1};
  setting.training.steps = 200;
  CHECK_THAT(refused("continual_acting", {}, 3),
             Contains("training.steps = 200 needs a life of 3200 steps, but one of corridor has "
                      "2000 steps"));
}

TEST_CASE("a method that learns from labels is refused where labels are the learner's actions") {
  const Suite suite = Suite::parse(R"(
name = "s"
[defaults]
environment = { name = "cheese_maze" }
model = { name = "linear" }
regime = { name = "policy_gradient" }
[[experiment]]
name = "e"
method = { name = "erm" }
)",
                                   "s.toml");
  CHECK_THROWS_WITH(suite.trials(builtin_catalog()),
                    Contains("method 'erm' learns from labels, but in regime 'policy_gradient' the "
                             "labels are the actions that the learner took") &&
                        Contains("ppo or reinforce"));
}
