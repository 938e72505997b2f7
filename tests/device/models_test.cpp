#include <ATen/ATen.h>

#include "catch.hpp"
#include "conformance/schema_checks.hpp"
#include "conformance/tensors.hpp"
#include "device/fake_device.hpp"
#include "spurion/catalog.hpp"

using namespace spurion;
using spurion::conformance::normalised;
using spurion::conformance::normals;
using spurion::test::fake_device;

namespace {

/// The model, small, for the first of a few shapes of rows that it takes.
std::unique_ptr<Model> small_model(const Catalog& catalog, const std::string& name, Shape& shape) {
  const auto& entry = catalog.models.at(name);
  Value options;
  for (const char* size : {"width", "channels"}) {
    if (entry.schema.find(size) != nullptr) options.as_table()[size] = std::int64_t{8};
  }
  for (const Shape& wanted : {Shape{5, 4}, Shape{2, 8, 8}, Shape{7}}) {
    try {
      auto model = entry.make({normalised(entry.schema, options, name)}, ModelContext{wanted, 1});
      shape = wanted;
      return model;
    } catch (const UsageError&) {
    }
  }
  return nullptr;
}

/// Parameters after a few steps of erm, in host memory.
Tensor trained(const Catalog& catalog, const Model& model, const Shape& shape,
               std::int64_t replicas, Device device) {
  std::vector<RandomKey> keys;
  for (std::int64_t k = 0; k < replicas; ++k) {
    keys.push_back(RandomKey(3).child(static_cast<std::uint64_t>(k)));
  }
  OptimizerOptions optimizer;
  // Adam would make much of gradients that are 0 but for rounding, as those of a key's bias are.
  optimizer.name = "sgd";
  optimizer.learning_rate = 0.1;
  ReplicaTrainer trainer(model, model.initialise(keys).to(device), optimizer);
  const auto method =
      catalog.methods.at("erm").make(std::vector<Value>(static_cast<std::size_t>(replicas)),
                                     MethodContext{Task::binary, replicas, 2, 0, keys, device});
  constexpr std::int64_t kRows = 6;
  for (std::uint64_t step = 0; step < 4; ++step) {
    Batch batch;
    batch.domains = 2;
    batch.rows_per_domain = kRows;
    Shape all = {1, 2 * kRows};
    all.insert(all.end(), shape.begin(), shape.end());
    batch.x = normals(RandomKey(4).child(step), all);
    batch.y = batch.x.flatten(2).sum(2).gt(0).to(at::kLong).reshape({1, 2, kRows});
    method->step(trainer, batch.to(device));
  }
  CHECK(trainer.active().all().item<bool>());
  return trainer.parameters().detach().to(at::kCPU);
}

}  // namespace

TEST_CASE("every model trains on a device as it does on the processor") {
  const Catalog catalog = builtin_catalog();
  for (const std::string& name : catalog.models.names()) {
    CAPTURE(name);
    Shape shape;
    const auto model = small_model(catalog, name, shape);
    REQUIRE(model != nullptr);
    const std::int64_t replicas = std::min<std::int64_t>(2, model->max_replicas());
    const Tensor here = trained(catalog, *model, shape, replicas, at::kCPU);
    const Tensor there = trained(catalog, *model, shape, replicas, fake_device);
    CHECK(at::allclose(here, there, 1e-3, 1e-4));

    // As it is evaluated: without a graph, all replicas on the same rows.
    const at::NoGradGuard no_grad;
    Shape all = {1, 9};
    all.insert(all.end(), shape.begin(), shape.end());
    const Tensor x = normals(RandomKey(5), all);
    const Tensor seen = model->forward_anywhere(here, x).logits;
    const Tensor logits = model->forward_anywhere(here.to(fake_device), x.to(fake_device)).logits;
    CHECK(logits.device() == fake_device);
    CHECK(at::allclose(seen, logits.to(at::kCPU), 1e-4, 1e-5));
  }
}
