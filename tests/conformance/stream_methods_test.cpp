// What the conformance suite does not reach with one option at a time: methods under limits on what
// may be trained, penalties over phases, and replacements of units that need long runs.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "catch.hpp"
#include "conformance/tensors.hpp"
#include "conformance/toy_problem.hpp"
#include "nouns/control_shift_environment.hpp"
#include "spurion/conformance.hpp"
#include "spurion/regime.hpp"

using namespace spurion;

namespace {

/// Keeps the parameters as they are after each phase.
class Keeper final : public Evaluator {
 public:
  void measure(ReplicaTrainer& trainer, std::int64_t /*phase*/, EvaluationScope scope) override {
    if (scope == EvaluationScope::full) after.push_back(trainer.parameters().detach().clone());
  }
  void record(const ReplicaTrainer& /*trainer*/, std::int64_t /*phase*/, const Domain& /*domain*/,
              const std::string& /*metric*/, const Tensor& /*values*/) override {}
  void mask_inputs(const Tensor& /*mask*/) override {}
  using Evaluator::count_update;
  void count_update(const ReplicaTrainer& /*trainer*/, const UpdateCounts& /*counts*/) override {}

  std::vector<Tensor> after;
};

template <class Registry>
Value normal(const Registry& registry, const std::string& name, const Value& given) {
  Problems problems;
  Value options = registry.at(name).schema.normalise(given, name, problems);
  problems.raise();
  return options;
}

/// Options under which a method that replaces or shrinks does so all the time.
Value busy_options(const std::string& method) {
  if (method == "continual_backprop") {
    return Value::Table{{"replacement_rate", 1.0}, {"maturity", 0}};
  }
  if (method == "shrink_perturb") return Value::Table{{"every", 3}};
  return Value::Table{};
}

}  // namespace

TEST_CASE("parameters that are not trained stay, bit for bit, under every method") {
  const Catalog catalog = builtin_catalog();
  const auto world = std::make_shared<nouns::ControlShiftEnvironment>(
      catalog.environments.at("two_shortcuts")
          .make({normal(catalog.environments, "two_shortcuts", Value::Table{})},
                EnvironmentContext{7, nullptr}),
      7);
  const EnvironmentInfo& info = world->info();
  const auto model =
      catalog.models.at("mlp").make({normal(catalog.models, "mlp", Value::Table{{"width", 6}})},
                                    ModelContext{info.input_shape, info.outputs});
  int tested = 0;
  for (const std::string& name : catalog.methods.names()) {
    for (const char* trainable : {"last_layer", "none"}) {
      CAPTURE(name, trainable);
      const auto regime = catalog.regimes.at("continual")
                              .make({normal(catalog.regimes, "continual",
                                            Value::Table{{"trainable", trainable},
                                                         {"trajectory", "reversal"},
                                                         {"phase_count", 2}})});
      RegimeContext context;
      context.environments = {world, world};
      context.order_keys = {RandomKey(1), RandomKey(2)};
      context.training = {30, 40, 10};
      const Value options = normal(catalog.methods, name, busy_options(name));
      std::unique_ptr<Method> method;
      try {
        MethodContext given{
            info.task, 2, regime->batch_domains(*world), info.groups, {RandomKey(3), RandomKey(4)}};
        given.steps = 3 * context.training.steps;
        given.input_shape = info.input_shape;
        given.outputs = info.outputs;
        method = catalog.methods.at(name).make({options, options}, given);
      } catch (const UsageError&) {
        continue;
      }
      if (method->needs().group_labels) continue;  // no stream grants them
      if (method->row_request().any()) continue;   // no stream has a fixed training set
      if (method->needs().validation_rows) continue;
      if (method->needs().exact_ceilings || method->needs().cue_inputs) continue;
      ++tested;
      OptimizerOptions optimizer;
      optimizer.learning_rate = 0.01;
      ReplicaTrainer trainer(*model, model->initialise({RandomKey(5), RandomKey(6)}), optimizer);
      trainer.add_blocks(method->own_blocks(*model));
      if (method->needs_second_order()) trainer.use_second_order();
      Keeper keeper;
      regime->run(context, *method, trainer, keeper);
      REQUIRE(keeper.after.size() == 3);
      const std::int64_t frozen =
          std::string(trainable) == "none" ? model->parameter_count() : model->last_layer_offset();
      REQUIRE(frozen > 0);
      for (std::size_t phase = 1; phase < keeper.after.size(); ++phase) {
        CHECK(at::equal(keeper.after[phase].narrow(1, 0, frozen),
                        keeper.after[0].narrow(1, 0, frozen)));
      }
      // And what is trained does move, unless an old copy of it predicts better.
      if (frozen < model->parameter_count() && name != "checkpoint_hedge") {
        CHECK_FALSE(at::equal(keeper.after[2], keeper.after[0]));
      }
    }
  }
  CHECK(tested > 30);
}

TEST_CASE("methods for streams conform with a penalty over the phases") {
  const Catalog catalog = builtin_catalog();
  int tested = 0;
  for (const std::string& name : catalog.methods.names()) {
    if (catalog.methods.at(name).schema.find("penalty_over") == nullptr) continue;
    ++tested;
    const char* penalty = tested % 3 == 0 ? "irm_v1" : tested % 3 == 1 ? "v_rex" : "group_dro";
    const Value options =
        Value::Table{{"penalty", penalty}, {"penalty_over", "phases"}, {"penalty_replayed", 5}};
    for (const ConformanceResult& result : check_method(catalog, name, options)) {
      CAPTURE(name, penalty, result.check, result.message);
      CHECK(result.outcome != Outcome::failed);
    }
  }
  CHECK(tested >= 14);
}

TEST_CASE("units are replaced once they are mature, alike alone, among others and resumed") {
  using namespace spurion::conformance;
  const Catalog catalog = builtin_catalog();
  ToyShape shape;
  const auto model = toy_model(catalog, "mlp", shape);
  REQUIRE(model);
  constexpr std::int64_t kReplicas = 3;
  const auto run_of = [&](double rate) {
    const Value options =
        normal(catalog.methods, "continual_backprop", Value::Table{{"replacement_rate", rate}});
    ToyRun run{&catalog,
               "continual_backprop",
               std::vector<Value>(kReplicas, options),
               model.get(),
               shape,
               toy_parameters(*model, kReplicas),
               {},
               200};
    for (std::uint64_t step = 0; step < 8; ++step) {
      run.batches.push_back(toy_batch(shape, kReplicas, step));
    }
    for (std::uint64_t k = 0; k < kReplicas; ++k) run.keys.push_back(RandomKey(24).child(k));
    return run;
  };
  const ToyRun run = run_of(0.02);
  const ToyResult together = train(run);
  CHECK_FALSE(at::equal(together.parameters, train(run_of(0.0)).parameters));
  for (std::int64_t k = 0; k < kReplicas; ++k) {
    CHECK(at::equal(train(replica_of(run, k)).parameters, together.parameters.narrow(0, k, 1)));
  }
  // Saved in the second phase, at step 101: units have been replaced before and will be after.
  CHECK(at::equal(train(run, true).parameters, together.parameters));
  // At the default maturity nothing is replaced in the first 49 updates.
  ToyRun early = run_of(0.02);
  early.steps = 49;
  ToyRun none = run_of(0.0);
  none.steps = 49;
  CHECK(at::equal(train(early).parameters, train(none).parameters));
}
