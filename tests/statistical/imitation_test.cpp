// A clone that sees its previous action (de Haan et al. 2019): as accurate on held-out rows as one
// that does not, and worse where it acts. DAgger mends it; as many labels of further demonstrations
// do less.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <map>

#include "acting/policy.hpp"
#include "acting/rollout.hpp"
#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/regime.hpp"
#include "statistical/trained_means.hpp"

using namespace spurion;
using spurion::tests::Paired;

namespace {

constexpr std::int64_t kSeeds = 12;

using SeedNumbers = std::map<std::int64_t, double>;

/// Scores in the train domain at the end, of few rows and episodes.
class EndScores final : public Evaluator {
 public:
  explicit EndScores(const RegimeContext& context) : context_(&context) {}
  void measure(ReplicaTrainer& trainer, std::int64_t /*phase*/,
               EvaluationScope /*scope*/) override {
    const at::NoGradGuard no_grad;
    const auto& environments = context_->environments;
    const Domain domain = environments.front()->train_domains().front();
    acting::Rollout rollout(acting::rollout_place(environments, domain, Split::test), 40);
    Tensor returns = at::zeros({kSeeds}, at::kDouble);
    while (!rollout.all_done()) {
      const Tensor actions = acting::greedy_actions(trainer.forward(rollout.observe()).logits);
      returns += rollout.step(actions).to(at::kDouble).mean(1);
    }
    std::vector<Tensor> x;
    std::vector<Tensor> y;
    for (const auto& environment : environments) {
      const Sample rows =
          environment->sample(environment->train_domains().front(), Split::test, {0, 600});
      x.push_back(rows.x);
      y.push_back(rows.y);
    }
    const Tensor right = trainer.forward(at::stack(x)).logits.argmax(2).eq(at::stack(y));
    const Tensor accuracy = right.to(at::kDouble).mean(1);
    for (std::int64_t k = 0; k < kSeeds; ++k) {
      returns_[k] = returns[k].item<double>();
      accuracy_[k] = accuracy[k].item<double>();
    }
  }
  void record(const ReplicaTrainer& /*trainer*/, std::int64_t /*phase*/, const Domain& /*domain*/,
              const std::string& /*metric*/, const Tensor& /*values*/) override {}
  void mask_inputs(const Tensor& /*mask*/) override {}
  using Evaluator::count_update;
  void count_update(const ReplicaTrainer& /*trainer*/, const UpdateCounts& /*counts*/) override {}

  [[nodiscard]] const SeedNumbers& returns() const { return returns_; }
  [[nodiscard]] const SeedNumbers& accuracy() const { return accuracy_; }

 private:
  const RegimeContext* context_;
  SeedNumbers returns_;
  SeedNumbers accuracy_;
};

Value normal(const AnySchema& schema, const Value& given) {
  Problems problems;
  Value options = schema.normalise(given, "imitation", problems);
  problems.raise();
  return options;
}

/// A clone of the expert of the mountain car, from 300 demonstrations.
EndScores cloned(const char* observe, const std::string& name, const Value& regime_options) {
  const Catalog catalog = builtin_catalog();
  const auto& car = catalog.environments.at("mountain_car");
  const auto& regimes = catalog.regimes.at(name);
  const auto& perceptron = catalog.models.at("mlp");
  RegimeContext context;
  std::vector<RandomKey> starts;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    context.environments.push_back(
        car.make({normal(car.schema, Value::Table{{"observe", observe}})},
                 EnvironmentContext{seed, nullptr}));
    context.order_keys.push_back(RandomKey(seed).child("order"));
    starts.push_back(RandomKey(seed).child("start"));
  }
  context.training = {1000, 300, 64};
  const auto model = perceptron.make(
      {normal(perceptron.schema, Value::Table{{"depth", 2}, {"width", 32}})}, ModelContext{{3}, 3});
  const auto& erm = catalog.methods.at("erm");
  MethodContext told{Task::multiclass, kSeeds, 1, 0};
  told.steps = context.training.steps;
  told.input_shape = {3};
  told.outputs = 3;
  const auto method = erm.make(std::vector<Value>(kSeeds, normal(erm.schema, Value())), told);
  OptimizerOptions optimizer;
  optimizer.learning_rate = 3e-3;
  ReplicaTrainer trainer(*model, model->initialise(starts), optimizer);
  EndScores scores(context);
  regimes.make({normal(regimes.schema, regime_options)})->run(context, *method, trainer, scores);
  return scores;
}

}  // namespace

TEST_CASE("a clone that sees its previous action is accurate, and fails where it acts") {
  const EndScores confused = cloned("confounded", "offline", Value());
  const EndScores blind = cloned("state_only", "offline", Value());
  const Paired accuracy(confused.accuracy(), blind.accuracy());
  CAPTURE(accuracy.mean, accuracy.standard_error);
  CHECK(accuracy.mean > -0.01);
  const Paired returns(blind.returns(), confused.returns());
  CAPTURE(returns.mean, returns.standard_error, tests::mean_of(blind.returns()),
          tests::mean_of(confused.returns()));
  CHECK(returns.mean > 2.0 * returns.standard_error);
  CHECK(returns.mean > 10.0);

  const Value::Table options = {{"rounds", 4}, {"labels", 150}};
  Value::Table offline = options;
  offline["query"] = "demonstrations";
  const EndScores mended = cloned("confounded", "dagger", options);
  const EndScores more = cloned("confounded", "dagger", offline);
  const Paired gain(mended.returns(), more.returns());
  CAPTURE(gain.mean, gain.standard_error, tests::mean_of(mended.returns()),
          tests::mean_of(more.returns()));
  CHECK(gain.mean > 2.0 * gain.standard_error);
  // The expert has -119.7.
  CHECK(tests::mean_of(mended.returns()) > -126.0);
}
