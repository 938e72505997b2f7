#include "engine/risks/mlp_risks.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "catch.hpp"
#include "engine/matrix/gemm.hpp"
#include "spurion/catalog.hpp"

using namespace spurion;

namespace {

struct Setting {
  std::unique_ptr<Model> model;
  Tensor parameters;
  Batch batch;
};

struct Sizes {
  std::int64_t inputs;
  std::int64_t width;
  std::int64_t depth;
  std::int64_t domains;
  std::int64_t rows;
};

Setting setting(const Sizes& sizes, Task task, bool shared) {
  const auto [inputs, width, depth, domains, rows] = sizes;
  constexpr std::int64_t kReplicas = 3;
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at("mlp");
  Problems problems;
  const Value options =
      entry.schema.normalise(Value::Table{{"width", width}, {"depth", depth}}, "mlp", problems);
  Setting out;
  out.model = entry.make({options}, ModelContext{{inputs}, 1});
  out.parameters = 0.5 * at::randn({kReplicas, out.model->parameter_count()});
  const std::int64_t sets = shared ? 1 : kReplicas;
  out.batch.domains = domains;
  out.batch.rows_per_domain = rows;
  out.batch.task = task;
  out.batch.x = at::randn({sets, domains * rows, inputs});
  out.batch.y = task == Task::binary ? at::randint(0, 2, {sets, domains, rows}, at::kLong)
                                     : at::randn({sets, domains, rows});
  return out;
}

DomainRisks risks_of(const Setting& s, const Tensor& parameters, const Tensor& x, const Tensor& y) {
  return s.model->risks(parameters, x, y, s.batch.task);
}

}  // namespace

TEST_CASE("risks of an MLP and their gradients agree with float64 autograd over many shapes") {
  at::manual_seed(5);
  const auto task = GENERATE(Task::binary, Task::regression);
  const bool shared = GENERATE(false, true);
  for (const auto& [inputs, width, depth, domains, rows] : {std::tuple{1, 1, 1, 1, 1},
                                                            {2, 16, 2, 2, 32},
                                                            {20, 16, 2, 2, 32},
                                                            {20, 17, 1, 3, 21},
                                                            {5, 6, 3, 1, 7},
                                                            {20, 64, 2, 2, 32}}) {
    const Setting s = setting({inputs, width, depth, domains, rows}, task, shared);
    const auto got = risks_of(s, s.parameters, s.batch.x, s.batch.y);
    const Tensor exact = s.parameters.to(at::kDouble).requires_grad_(true);
    const Output output = s.model->forward_differentiable(exact, s.batch.x.to(at::kDouble));
    const Tensor targets = task == Task::binary ? s.batch.y : s.batch.y.to(at::kDouble);
    const Tensor want =
        losses::domain_means(losses::RowQuantity::loss, task, output.logits, targets);
    CHECK(at::allclose(got.risks.to(at::kDouble), want, 1e-5, 1e-6));
    for (std::int64_t e = 0; e < domains; ++e) {
      const Tensor gradient =
          torch::autograd::grad({want.select(1, e).sum()}, {exact}, {}, true)[0];
      const double scale = std::max(1.0, gradient.abs().max().item<double>());
      const Tensor difference = got.gradients.select(1, e).to(at::kDouble) - gradient;
      CHECK(difference.abs().max().item<double>() < 1e-5 * scale);
    }
  }
}

TEST_CASE("risks of a replica are the same bits alone and among others") {
  at::manual_seed(6);
  const Setting s = setting({20, 16, 2, 2, 32}, Task::binary, false);
  const auto all = risks_of(s, s.parameters, s.batch.x, s.batch.y);
  for (std::int64_t k = 0; k < 3; ++k) {
    const auto alone = risks_of(s, s.parameters.narrow(0, k, 1).contiguous(),
                                s.batch.x.narrow(0, k, 1), s.batch.y.narrow(0, k, 1));
    CHECK(at::equal(alone.risks[0], all.risks[k]));
    CHECK(at::equal(alone.gradients[0], all.gradients[k]));
  }
}

TEST_CASE("a step through risks is the step through logits") {
  at::manual_seed(7);
  const Setting s = setting({20, 16, 2, 2, 32}, Task::binary, false);
  OptimizerOptions plain;
  plain.name = "sgd";
  ReplicaTrainer by_risks(*s.model, s.parameters, plain);
  ReplicaTrainer by_logits(*s.model, s.parameters, plain);
  by_risks.set_risk_input(RiskInput::risks);
  for (int step = 0; step < 3; ++step) {
    const Output short_cut = by_risks.forward(s.batch);
    CHECK(short_cut.risks.defined());
    CHECK_FALSE(short_cut.logits.defined());
    by_risks.step_from_losses(domain_risks(short_cut, s.batch).mean(1));
    by_logits.step_from_losses(domain_risks(by_logits.forward(s.batch), s.batch).mean(1));
  }
  CHECK(at::allclose(by_risks.parameters(), by_logits.parameters(), 1e-4, 1e-6));
  CHECK(at::allclose(by_risks.last_losses(), by_logits.last_losses(), 1e-5, 1e-6));
}

TEST_CASE("products with an epilogue agree with LibTorch over many shapes") {
  at::manual_seed(8);
  for (const std::int64_t m : {1, 3, 16, 23, 64}) {
    for (const std::int64_t n : {1, 5, 8, 20, 600}) {
      for (const std::int64_t p : {1, 3, 4, 16, 21, 24, 64}) {
        const Tensor a = at::randn({m, n});
        const Tensor b = at::randn({n, p});
        const Tensor bias = at::randn({p});
        const Tensor activation = at::randn({m, p});
        const Tensor exact = at::mm(a.to(at::kDouble), b.to(at::kDouble));
        const double tolerance = 1e-5 * std::sqrt(static_cast<double>(n));
        for (const bool turned : {false, true}) {
          const Tensor left = turned ? a.t().contiguous() : a;
          const engine::MatrixView view{left.data_ptr<float>(), turned ? 1 : n, turned ? m : 1};
          Tensor c = at::empty({m, p});
          engine::small_gemm({m, n, p}, view, {b.data_ptr<float>(), p}, c.data_ptr<float>(),
                             {bias.data_ptr<float>(), true, nullptr});
          CHECK((c - (exact + bias).relu()).abs().max().item<double>() < tolerance);
          engine::small_gemm({m, n, p}, view, {b.data_ptr<float>(), p}, c.data_ptr<float>(),
                             {nullptr, false, activation.data_ptr<float>()});
          CHECK((c - exact * activation.gt(0)).abs().max().item<double>() < tolerance);
          c.copy_(activation);
          engine::small_gemm({m, n, p}, view, {b.data_ptr<float>(), p}, c.data_ptr<float>(),
                             {nullptr, false, nullptr, true});
          CHECK((c - (exact + activation)).abs().max().item<double>() < tolerance);
        }
      }
    }
  }
}
