#include <ATen/ATen.h>

#include <torch/csrc/autograd/autograd.h>

#include <limits>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "unit/replicas.hpp"

using namespace spurion;
using spurion::tests::keys;

namespace {

std::unique_ptr<Model> small_mlp(const Catalog& catalog) {
  const auto& entry = catalog.models.at("mlp");
  Problems problems;
  const Value options =
      entry.schema.normalise(Value::Table{{"width", 9}, {"depth", 2}}, "mlp", problems);
  return entry.make({options}, ModelContext{{5}, 1});
}

}  // namespace

TEST_CASE("a diverged replica is frozen and the others go on bit for bit") {
  const Catalog catalog = builtin_catalog();
  const auto model = small_mlp(catalog);
  ReplicaTrainer poisoned(*model, model->initialise(keys(3)), {});
  ReplicaTrainer clean(*model, model->initialise(keys(3)), {});
  at::manual_seed(1);
  for (int step = 0; step < 5; ++step) {
    const Tensor x = at::randn({1, 11, 5});
    Tensor factor = at::ones({3});
    if (step == 2) factor[1] = std::numeric_limits<float>::quiet_NaN();
    poisoned.step_from_losses(poisoned.forward(x).logits.pow(2).flatten(1).mean(1) * factor);
    clean.step_from_losses(clean.forward(x).logits.pow(2).flatten(1).mean(1));
  }
  CHECK(poisoned.diverged_at() == std::vector<std::int64_t>{-1, 2, -1});
  CHECK(at::equal(poisoned.parameters()[0], clean.parameters()[0]));
  CHECK(at::equal(poisoned.parameters()[2], clean.parameters()[2]));
  CHECK(at::isfinite(poisoned.parameters()).all().item<bool>());
}

TEST_CASE("domain gradients are those of each domain alone") {
  const Catalog catalog = builtin_catalog();
  const auto model = small_mlp(catalog);
  const bool shared = GENERATE(false, true);
  ReplicaTrainer trainer(*model, model->initialise(keys(2)), {});
  at::manual_seed(1);
  Batch batch;
  batch.domains = 3;
  batch.rows_per_domain = 4;
  batch.x = at::randn({shared ? 1 : 2, 12, 5});
  batch.y = at::randint(0, 2, {shared ? 1 : 2, 3, 4}, at::kLong);
  const auto each = trainer.domain_gradients(batch, false);
  CHECK(each.gradients.sizes() == at::IntArrayRef({2, 3, model->parameter_count()}));
  CHECK_FALSE(each.risks.requires_grad());
  CHECK_FALSE(each.gradients.requires_grad());
  const Tensor risks = domain_risks(trainer.forward(batch.x), batch);
  CHECK(at::allclose(each.risks, risks, 1e-5, 1e-6));
  for (std::int64_t e = 0; e < 3; ++e) {
    const Tensor alone =
        torch::autograd::grad({risks.select(1, e).sum()}, {trainer.parameters()}, {}, true)[0];
    CHECK(at::allclose(each.gradients.select(1, e), alone, 1e-4, 1e-6));
  }
}
