#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "regimes/shared/selection_nats.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/regime.hpp"

using namespace spurion;
using Catch::Contains;
using regimes::selection_nats;

namespace {

/// What is measured, with a probe that likes small weights.
class NotedEvaluator final : public Evaluator {
 public:
  struct Measured {
    Tensor parameters;  ///< [K, P]
    std::map<std::string, Tensor> recorded;
  };
  void measure(ReplicaTrainer& trainer, std::int64_t /*phase*/,
               EvaluationScope /*scope*/) override {
    measured.push_back({trainer.parameters().detach().clone(), now_});
    now_.clear();
  }
  void record(const ReplicaTrainer& /*trainer*/, std::int64_t /*phase*/, const Domain& domain,
              const std::string& metric, const Tensor& values) override {
    CHECK(domain.name == "selection");
    now_[metric] = values.clone();
  }
  void mask_inputs(const Tensor& /*mask*/) override {}
  void set_reference(const ReferenceModel& reference) override {
    references.push_back(reference.parameters.clone());
  }
  Tensor probe_reliance(ReplicaTrainer& trainer, const std::string& label) override {
    CHECK(label == "size");
    fitness.push_back(trainer.parameters().detach().pow(2).mean(1).to(at::kDouble));
    return fitness.back();
  }
  using Evaluator::count_update;
  void count_update(const ReplicaTrainer& /*trainer*/, const UpdateCounts& /*counts*/) override {
    ++updates;
  }

  std::vector<Measured> measured;
  std::vector<Tensor> references;
  std::vector<Tensor> fitness;
  std::int64_t updates = 0;

 private:
  std::map<std::string, Tensor> now_;
};

Value normal(const AnySchema& schema, const Value& given) {
  Problems problems;
  Value options = schema.normalise(given, "selection", problems);
  problems.raise();
  return options;
}

std::unique_ptr<Regime> regime_with(const Value& options) {
  static const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.regimes.at("iterated_selection");
  return entry.make({normal(entry.schema, options)});
}

NotedEvaluator run_selection(const Value& options, std::int64_t steps) {
  const Catalog catalog = builtin_catalog();
  const auto& world = catalog.environments.at("two_bit");
  const auto& linear = catalog.models.at("linear");
  const auto& erm = catalog.methods.at("erm");
  RegimeContext context;
  for (const std::uint64_t seed : {3, 4}) {
    context.environments.push_back(
        world.make({normal(world.schema, Value())}, EnvironmentContext{seed, nullptr}));
    context.order_keys.push_back(RandomKey(seed).child("order"));
  }
  context.training = {steps, 20, 10};
  const EnvironmentInfo& info = context.environments.front()->info();
  const auto model =
      linear.make({normal(linear.schema, Value())}, ModelContext{info.input_shape, info.outputs});
  const auto method = erm.make(std::vector<Value>(2, normal(erm.schema, Value())),
                               MethodContext{info.task, 2, 2, 0});
  ReplicaTrainer trainer(*model, model->initialise({RandomKey(1), RandomKey(2)}),
                         OptimizerOptions());
  NotedEvaluator noted;
  regime_with(options)->run(context, *method, trainer, noted);
  return noted;
}

}  // namespace

TEST_CASE("nats of a round of selection: one survivor is best of n") {
  CHECK(selection_nats(2, 1) == Approx(0.1931).margin(5e-5));
  CHECK(selection_nats(16, 1) == Approx(1.8351).margin(5e-5));
  CHECK(selection_nats(5, 5) == 0.0);
  // Two of four: the density of their ranks is 6 u^2 - 4 u^3.
  double sum = 0.0;
  constexpr int kPoints = 20000;
  for (int i = 0; i < kPoints; ++i) {
    const double u = (i + 0.5) / kPoints;
    const double f = 6.0 * u * u - 4.0 * u * u * u;
    sum += f * std::log(f) / kPoints;
  }
  CHECK(selection_nats(4, 2) == Approx(sum).margin(1e-7));
  CHECK(selection_nats(200, 20) < std::log(10.0));
  CHECK(selection_nats(200, 20) > selection_nats(200, 40));
}

TEST_CASE("those with the least of the probe survive, and the reference is never selected") {
  const Value options = Value::Table{
      {"candidates", 3}, {"survivors", 1}, {"rounds", 2}, {"mutation", 0.2}, {"fitness", "size"}};
  const NotedEvaluator noted = run_selection(options, 9);
  CHECK(noted.updates == 4 * 2 * 4);  // nine updates are twice four
  REQUIRE(noted.fitness.size() == 6);
  REQUIRE(noted.measured.size() == 4);  // in each round the reference, and then the best
  const auto number = [&](std::size_t at, const char* metric, std::int64_t replica) {
    return noted.measured[at].recorded.at(metric)[replica].item<double>();
  };
  for (std::int64_t k = 0; k < 2; ++k) {
    CAPTURE(k);
    for (std::size_t round = 0; round < 2; ++round) {
      const std::size_t reference = 2 * round;
      const std::size_t best = reference + 1;
      CHECK(number(reference, "generation", k) == 0.0);
      CHECK(number(reference, "selection_nats", k) == 0.0);
      double least = 1e9;
      for (std::size_t c = 0; c < 3; ++c) {
        least = std::min(least, noted.fitness[3 * round + c][k].item<double>());
      }
      CHECK(number(best, "fitness", k) == least);
      CHECK(noted.measured[best].parameters[k].pow(2).mean().item<float>() ==
            Approx(least).epsilon(1e-6));
      CHECK(number(best, "generation", k) == static_cast<double>(round + 1));
      CHECK(number(best, "selection_nats", k) ==
            Approx(static_cast<double>(round + 1) * selection_nats(3, 1)));
    }
  }
  // The reference goes on alone: other fitness, the same reference.
  const Value other = Value::Table{{"candidates", 3}, {"survivors", 3}, {"rounds", 2}};
  const NotedEvaluator by_loss = run_selection(other, 9);
  REQUIRE(by_loss.references.size() == noted.references.size());
  for (std::size_t i = 0; i < noted.references.size(); ++i) {
    CHECK(at::equal(by_loss.references[i], noted.references[i]));
  }
  REQUIRE(noted.references.size() == 4);
  for (const std::size_t round : {0U, 1U}) {
    CHECK(at::equal(noted.measured[2 * round].parameters, noted.references[2 * round]));
    // The best of a round is compared with the reference that was trained as often.
    CHECK(at::equal(noted.references[2 * round], noted.references[2 * round + 1]));
  }
}

TEST_CASE("iterated selection refuses what leaves no candidates or updates") {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at("two_bit");
  const auto world = entry.make({normal(entry.schema, Value())}, EnvironmentContext{1, nullptr});
  CHECK_THROWS_WITH(
      regime_with(Value::Table{{"candidates", 2}, {"survivors", 3}})->check(*world, {100, 10, 5}),
      Contains("3 survivors of 2 candidates"));
  CHECK_THROWS_WITH(regime_with(Value::Table{{"rounds", 8}})->check(*world, {7, 10, 5}),
                    Contains("8 rounds") && Contains("training.steps = 7"));
}
