#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/probe.hpp"
#include "spurion/row_tools.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

constexpr std::int64_t kPressedInputs = 3;
constexpr std::int64_t kPressedReplicas = 2;

/// Two small perceptrons and a minibatch whose last input carries the cue.
struct PressedFixture {
  Catalog catalog = builtin_catalog();
  std::unique_ptr<Model> model;
  std::unique_ptr<ReplicaTrainer> trainer;
  Batch batch;

  PressedFixture() {
    at::manual_seed(2);
    model = catalog.models.at("mlp").make({options("models", "mlp", Value::Table{{"width", 5}})},
                                          ModelContext{{kPressedInputs}, 1});
    batch.domains = 2;
    batch.rows_per_domain = 6;
    batch.x = at::randn({1, 12, kPressedInputs});
    batch.y = at::randint(0, 2, {1, 2, 6}, at::kLong);
  }
  Value options(const std::string& noun, const std::string& name, const Value& given) {
    Problems problems;
    const AnySchema& schema =
        noun == "models" ? catalog.models.at(name).schema : catalog.methods.at(name).schema;
    Value out = schema.normalise(given, name, problems);
    problems.raise();
    return out;
  }
  std::unique_ptr<Probe> probe(const Value& written) {
    const std::string name = written.find("name")->as_string();
    Value own = written;
    own.as_table().erase("name");
    Problems problems;
    const auto& entry = catalog.probes.at(name);
    const Value normal = entry.schema.normalise(own, name, problems);
    problems.raise();
    return entry.make({normal}, ProbeContext{Task::binary, 1, {kPressedInputs}});
  }
  std::vector<CueInputs> carriers() {
    CueInputs cue;
    cue.cue = "cue";
    cue.mask = at::arange(kPressedInputs).eq(kPressedInputs - 1).unsqueeze(0);
    return {cue};
  }
  std::unique_ptr<Method> method(const std::string& name, const Value& given, Task task) {
    MethodContext context{task, kPressedReplicas, 2, 0, {RandomKey(3), RandomKey(4)}};
    context.input_shape = {kPressedInputs};
    context.cue_carriers = carriers();
    context.cue_inputs =
        context.cue_carriers.front().mask.expand({kPressedReplicas, kPressedInputs});
    context.make_probe = [this](const Value& written) { return probe(written); };
    auto made = catalog.methods.at(name).make(
        std::vector<Value>(kPressedReplicas, options("methods", name, given)), context);
    OptimizerOptions sgd;
    sgd.name = "sgd";
    sgd.learning_rate = 1.0;
    trainer = std::make_unique<ReplicaTrainer>(
        *model, model->initialise({RandomKey(1), RandomKey(2)}), sgd);
    if (made->needs_second_order()) trainer->use_second_order();
    trainer->add_blocks(made->own_blocks(*model));
    return made;
  }
};

}  // namespace

TEST_CASE("a probe in the loss presses on the number that the probe measures") {
  PressedFixture f;
  const double weight = 0.7;
  for (const char* name : {"input_gradient", "occlusion"}) {
    CAPTURE(name);
    const Value probe = Value::Table{{"name", name}};
    const auto made = f.method(
        "probe_penalty",
        Value::Table{{"probe", probe}, {"penalty_weight", weight}, {"twin", false}}, Task::binary);
    const Tensor start = f.trainer->parameters().detach().clone();
    made->step(*f.trainer, f.batch);
    const Tensor w = start.clone().requires_grad_(true);
    const Output output = f.model->forward_differentiable(w, f.batch.x);
    ProbeMaterial material;
    material.model = f.model.get();
    material.parameters = w;
    material.proxy.x = f.batch.x;
    material.proxy.y = f.batch.y.reshape({1, -1});
    material.carriers = f.carriers();
    material.graph = true;
    const Tensor found = f.probe(probe)->penalty(ProbeSubject(material));
    CHECK(found.ge(0.0).all().item<bool>());
    CHECK(found.le(1.0).all().item<bool>());
    const Tensor loss = (row_mean(row_losses(output, f.batch), f.batch) + weight * found).sum();
    const Tensor gradient = torch::autograd::grad({loss}, {w})[0];
    CHECK(at::allclose(f.trainer->parameters().detach(), start - gradient, 1e-4, 1e-6));
    CHECK(gradient.abs().max().item<float>() > 1e-3F);
  }
}

TEST_CASE("the twin of a pressed model is what plain risk minimisation gives") {
  PressedFixture f;
  const auto erm = f.method("erm", Value(), Task::binary);
  f.trainer->use_second_order();
  for (int step = 0; step < 5; ++step) erm->step(*f.trainer, f.batch);
  const Tensor plain = f.trainer->parameters().detach().clone();
  for (const double weight : {0.0, 2.0}) {
    CAPTURE(weight);
    const auto made =
        f.method("probe_penalty", Value::Table{{"penalty_weight", weight}}, Task::binary);
    CHECK(at::equal(made->reference(*f.trainer)->parameters, f.trainer->parameters()));
    for (int step = 0; step < 5; ++step) made->step(*f.trainer, f.batch);
    const Tensor twin = made->reference(*f.trainer)->parameters;
    CHECK(at::allclose(twin, plain, 1e-4, 1e-6));
    CHECK(at::allclose(f.trainer->parameters(), plain, 1e-4, 1e-6) == (weight == 0.0));
  }
}

TEST_CASE("what cannot press is refused by name") {
  PressedFixture f;
  const auto with = [&](const char* name) {
    const Value probe = Value::Table{{"name", name}};
    return f.method("probe_penalty", Value::Table{{"probe", probe}}, Task::binary);
  };
  CHECK_THROWS_WITH(with("linear_probe"), Contains("'linear_probe' cannot be differentiated"));
  CHECK_THROWS_WITH(with("concept_direction"),
                    Contains("'concept_direction' sees the value of the cue in each row"));
  CHECK_THROWS_AS(f.method("probe_penalty", Value(), Task::regression), UsageError);
}

TEST_CASE("a probe that cannot press is refused with the names of those that can") {
  PressedFixture f;
  std::vector<std::string> pressing;
  std::vector<std::string> refusals;
  for (const std::string& name : f.catalog.probes.names()) {
    try {
      (void)f.method("probe_penalty", Value::Table{{"probe", Value(Value::Table{{"name", name}})}},
                     Task::binary);
      pressing.push_back(name);
    } catch (const UsageError& error) {
      refusals.emplace_back(error.what());
    }
  }
  REQUIRE(pressing.size() == 5);
  REQUIRE(refusals.size() == 6);
  for (const std::string& refusal : refusals) {
    const std::string named = refusal.substr(refusal.find("; use "));
    for (const std::string& name : f.catalog.probes.names()) {
      CAPTURE(refusal, name);
      const bool can = std::find(pressing.begin(), pressing.end(), name) != pressing.end();
      CHECK((named.find(name) != std::string::npos) == can);
    }
  }
}
