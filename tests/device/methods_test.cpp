#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "catch.hpp"
#include "conformance/schema_checks.hpp"
#include "conformance/tensors.hpp"
#include "conformance/toy_problem.hpp"
#include "device/fake_device.hpp"

using namespace spurion;
using namespace spurion::conformance;
using spurion::test::fake_device;
using spurion::test::fake_operations;

namespace {

constexpr std::int64_t kTrained = 3;

ToyRun toy_run(const Catalog& catalog, const std::string& method, const Model& model,
               const ToyShape& shape) {
  const auto& schema = catalog.methods.at(method).schema;
  ToyRun run{&catalog, method, replica_options(schema, Value(), method, kTrained),
             &model,   shape,  toy_parameters(model, kTrained),
             {},       8};
  for (std::int64_t step = 0; step < run.steps; ++step) {
    run.batches.push_back(toy_batch(shape, kTrained, static_cast<std::uint64_t>(step)));
  }
  for (std::int64_t k = 0; k < kTrained; ++k) {
    run.keys.push_back(RandomKey(24).child(static_cast<std::uint64_t>(k)));
  }
  run.validation = toy_validation(shape, kTrained);
  return run;
}

/// With the labels that a method asks for.
ToyShape shape_for(const Catalog& catalog, const std::string& method) {
  const Access needs =
      catalog.methods.at(method).make({Value()}, MethodContext{Task::binary, 1, 2, 4})->needs();
  ToyShape shape;
  shape.groups = needs.group_labels;
  shape.validation_groups = needs.group_labels_validation;
  shape.rewards = needs.rewards;
  return shape;
}

/// Largest distance between two results, relative where values are above 1.
double distance(const Tensor& a, const Tensor& b) {
  return ((a - b).abs() / a.abs().clamp_min(1.0)).max().item<double>();
}

}  // namespace

TEST_CASE("every method trains on a device as it does on the processor") {
  const Catalog catalog = builtin_catalog();
  const Task task = GENERATE(Task::binary, Task::multiclass, Task::regression);
  for (const std::string& method : catalog.methods.names()) {
    ToyShape shape = shape_for(catalog, method);
    shape.task = task;
    shape.shared = task == Task::multiclass;
    for (const char* name : {"mlp", "linear"}) {
      CAPTURE(method, name, static_cast<int>(task));
      const auto model = toy_model(catalog, name, shape);
      ToyRun run = toy_run(catalog, method, *model, shape);
      ToyResult here;
      try {
        here = train(run);
      } catch (const UsageError&) {
        continue;  // a task the method refuses
      }
      const std::int64_t before = fake_operations();
      run.device = fake_device;
      const ToyResult there = train(run);
      CHECK(fake_operations() > before);
      CHECK(here.diverged_at == there.diverged_at);
      // The narrowest kernel of mmd, exp(-1000 d), multiplies the rounding of distances by a
      // thousand.
      const double limit = method == "mmd" ? 1e-4 : 1e-5;
      REQUIRE(here.losses.size() == there.losses.size());
      for (std::size_t step = 0; step < here.losses.size(); ++step) {
        CAPTURE(step);
        CHECK(distance(here.losses[step], there.losses[step]) < limit);
      }
      CHECK(distance(here.parameters, there.parameters) < 10.0 * limit);
      CHECK_FALSE(at::equal(there.parameters, run.parameters));
    }
  }
}

TEST_CASE("what a method remembers goes from a device to a file and back") {
  const Catalog catalog = builtin_catalog();
  for (const std::string& method : catalog.methods.names()) {
    CAPTURE(method);
    const ToyShape shape = shape_for(catalog, method);
    const auto model = toy_model(catalog, "mlp", shape);
    ToyRun run = toy_run(catalog, method, *model, shape);
    run.device = fake_device;
    CHECK(at::equal(train(run, true).parameters, train(run).parameters));
  }
}

TEST_CASE("a unit replaced by continual_backprop is the same one on a device") {
  const Catalog catalog = builtin_catalog();
  const auto model = toy_model(catalog, "mlp", ToyShape());
  ToyRun run = toy_run(catalog, "continual_backprop", *model, ToyShape());
  const auto& schema = catalog.methods.at(run.method).schema;
  const Value often = Value::Table{{"replacement_rate", 0.1}, {"maturity", std::int64_t{2}}};
  run.options = replica_options(schema, often, run.method, kTrained);
  const ToyResult here = train(run);
  run.device = fake_device;
  CHECK(distance(here.parameters, train(run).parameters) < 1e-4);
}

TEST_CASE("a replica that diverges on a device is frozen and the others go on") {
  const Catalog catalog = builtin_catalog();
  const auto model = toy_model(catalog, "mlp", ToyShape());
  ToyRun run = toy_run(catalog, "erm", *model, ToyShape());
  run.optimizer = GENERATE("sgd", "adam", "adamw");
  run.device = fake_device;
  const ToyResult healthy = train(run);
  run.parameters.select(0, 1).fill_(std::numeric_limits<float>::quiet_NaN());
  const ToyResult poisoned = train(run);
  CHECK(poisoned.diverged_at == std::vector<std::int64_t>{-1, 0, -1});
  for (const std::int64_t k : {0, 2}) {
    CHECK(at::equal(healthy.parameters[k], poisoned.parameters[k]));
  }
}
