#include "engine/risks/linear_risks.hpp"

#include <ATen/ATen.h>
#include <malloc.h>
#include <torch/csrc/autograd/autograd.h>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

using namespace spurion;

namespace {

constexpr std::int64_t kInputs = 5;
constexpr std::int64_t kDomains = 2;
constexpr std::int64_t kRows = 1069;  // neither a multiple of the padding nor of a chunk

std::vector<engine::DomainRows> made_up_rows(Task task, std::size_t seeds,
                                             std::int64_t rows_per_domain = kRows) {
  at::manual_seed(3);
  std::vector<engine::DomainRows> rows;
  for (std::size_t i = 0; i < seeds; ++i) {
    const Tensor x = at::randn({kDomains * rows_per_domain, kInputs});
    const Tensor score = (x.select(1, 0) + at::randn({kDomains * rows_per_domain}))
                             .reshape({kDomains, rows_per_domain});
    rows.push_back({x, task == Task::regression ? score : score.gt(0).to(at::kLong)});
  }
  return rows;
}

/// The risks [K, E] in float64 from the logits.
Tensor reference(Task task, const std::vector<engine::DomainRows>& rows,
                 const std::vector<std::size_t>& source, const Tensor& parameters) {
  std::vector<Tensor> each;
  for (std::size_t k = 0; k < source.size(); ++k) {
    const Tensor own = parameters[static_cast<std::int64_t>(k)];
    const Tensor z =
        at::mv(rows[source[k]].x.to(at::kDouble), own.narrow(0, 0, kInputs)) + own[kInputs];
    const Tensor y = rows[source[k]].y.to(at::kDouble).flatten();
    const Tensor loss = task == Task::regression ? (z - y).pow(2) : at::softplus(z) - z * y;
    each.push_back(loss.reshape({kDomains, kRows}).mean(1));
  }
  return at::stack(each);
}

}  // namespace

TEST_CASE("risks of a linear model, their gradients and Hessian products are right") {
  const Task task = GENERATE(Task::regression, Task::binary);
  const auto rows = made_up_rows(task, 2);
  const std::vector<std::size_t> source = {0, 1, 0, 0, 1, 0, 0};
  const auto risks = engine::make_linear_risks(task, rows, source);
  const Tensor parameters = at::randn({7, kInputs + 1}).requires_grad_(true);
  const auto [values, gradients] = engine::risks_and_gradients(risks, parameters, true);

  const Tensor exact = parameters.detach().to(at::kDouble).requires_grad_(true);
  const Tensor want = reference(task, rows, source, exact);
  CHECK(at::allclose(values.detach().to(at::kDouble), want.detach(), 1e-6, 1e-6));
  std::vector<Tensor> each;
  for (std::int64_t e = 0; e < kDomains; ++e) {
    each.push_back(torch::autograd::grad({want.select(1, e).sum()}, {exact}, {}, true, true)[0]);
  }
  const Tensor want_gradients = at::stack(each, 1);
  CHECK(at::allclose(gradients.detach().to(at::kDouble), want_gradients.detach(), 1e-5, 1e-6));

  const Tensor risk_seed = at::randn({7, kDomains});
  const Tensor gradient_seed = at::randn({7, kDomains, kInputs + 1});
  const Tensor got =
      torch::autograd::grad({values, gradients}, {parameters}, {risk_seed, gradient_seed})[0];
  const Tensor wanted =
      torch::autograd::grad({want, want_gradients}, {exact},
                            {risk_seed.to(at::kDouble), gradient_seed.to(at::kDouble)})[0];
  CHECK(at::allclose(got.to(at::kDouble), wanted, 1e-5, 1e-5));
}

TEST_CASE("a replica's risks are the same bits alone and beside others") {
  const Task task = GENERATE(Task::regression, Task::binary);
  const auto rows = made_up_rows(task, 2);
  const std::vector<std::size_t> source = {0, 1, 0, 0, 1, 0, 0};
  const Tensor parameters = at::randn({7, kInputs + 1});
  const Tensor directions = at::randn({7, kDomains, kInputs + 1});
  const auto all = engine::make_linear_risks(task, rows, source);
  const auto together = all->evaluate(parameters, true);
  const Tensor products = all->hessian_products(together.curvature, directions);
  for (std::int64_t k = 0; k < 7; ++k) {
    const auto one =
        engine::make_linear_risks(task, {rows[source[static_cast<std::size_t>(k)]]}, {0});
    const auto alone = one->evaluate(parameters.narrow(0, k, 1).clone(), true);
    CHECK(at::equal(alone.risks[0], together.risks[k]));
    CHECK(at::equal(alone.gradients[0], together.gradients[k]));
    const Tensor product =
        one->hessian_products(alone.curvature, directions.narrow(0, k, 1).clone());
    CHECK(at::equal(product[0], products[k]));
  }
}

TEST_CASE("a weight that is not finite is seen in the risk") {
  const auto rows = made_up_rows(Task::binary, 1);
  const auto risks = engine::make_linear_risks(Task::binary, rows, {0, 0});
  Tensor parameters = at::randn({2, kInputs + 1});
  parameters[1][0] = std::numeric_limits<float>::quiet_NaN();
  const auto values = risks->evaluate(parameters, false);
  CHECK(at::isfinite(values.risks[0]).all().item<bool>());
  CHECK_FALSE(at::isfinite(values.risks[1]).any().item<bool>());
}

TEST_CASE("every method that may do without logits takes the same steps without them") {
  const Catalog catalog = builtin_catalog();
  const Task task = GENERATE(Task::regression, Task::binary);
  const std::string dummy = GENERATE("affine", "inputs");  // of irm_v1
  const auto rows = made_up_rows(task, 1);
  const auto model = catalog.models.at("linear").make({Value()}, ModelContext{{kInputs}, 1});
  const std::int64_t replicas = 3;
  std::vector<RandomKey> keys;
  for (std::uint64_t k = 0; k < 3; ++k) keys.emplace_back(k);
  Batch logits;
  logits.task = task;
  logits.domains = kDomains;
  logits.rows_per_domain = kRows;
  Batch shortcut = logits;
  logits.x = rows[0].x.unsqueeze(0);
  logits.y = rows[0].y.unsqueeze(0);
  shortcut.linear = engine::make_linear_risks(task, rows, {0, 0, 0});
  int checked = 0;
  for (const std::string& name : catalog.methods.names()) {
    const auto& entry = catalog.methods.at(name);
    Problems problems;
    Value::Table small;  // IGA's default weight diverges here
    if (name == "iga") small = {{"penalty_weight", 0.5}};
    if (name == "irm_v1") small = {{"penalty_weight", 2.0}, {"anneal_steps", 5}, {"dummy", dummy}};
    const Value options = entry.schema.normalise(small, name, problems);
    const MethodContext context{task, replicas, kDomains, 2};
    std::unique_ptr<Method> one;
    try {
      one = entry.make({options, options, options}, context);
    } catch (const UsageError&) {
      continue;  // a task that the method refuses
    }
    if (one->risk_input() == RiskInput::logits) continue;
    const auto other = entry.make({options, options, options}, context);
    ++checked;
    CAPTURE(name);
    OptimizerOptions optimizer;
    optimizer.name = "sgd";
    optimizer.learning_rate = 0.02;
    ReplicaTrainer slow(*model, model->initialise(keys), optimizer);
    ReplicaTrainer fast(*model, model->initialise(keys), optimizer);
    if (one->needs_second_order()) slow.use_second_order();
    fast.set_risk_input(other->risk_input());
    for (int step = 0; step < 10; ++step) {
      one->step(slow, logits);
      other->step(fast, shortcut);
    }
    CHECK(fast.active().all().item<bool>());
    CHECK(at::allclose(fast.last_losses(), slow.last_losses(), 1e-4, 1e-5));
    CHECK(at::allclose(fast.parameters().detach(), slow.parameters().detach(), 1e-4, 1e-5));
  }
  CHECK(checked >= 6);
}

#if defined(__GLIBC__)
TEST_CASE("no method keeps the graph of a step once it is made") {
  const Catalog catalog = builtin_catalog();
  constexpr std::int64_t kFew = 53;  // some methods look at all pairs of rows
  const auto rows = made_up_rows(Task::binary, 1, kFew);
  const auto model = catalog.models.at("linear").make({Value()}, ModelContext{{kInputs}, 1});
  Batch logits;
  logits.task = Task::binary;
  logits.domains = kDomains;
  logits.rows_per_domain = kFew;
  Batch shortcut = logits;
  logits.x = rows[0].x.unsqueeze(0);
  logits.y = rows[0].y.unsqueeze(0);
  logits.group = logits.y;
  shortcut.linear = engine::make_linear_risks(Task::binary, rows, {0, 0});
  const std::vector<RandomKey> keys = {RandomKey(0), RandomKey(1)};
  const auto grown = [&](const std::string& name, const Value::Table& options,
                         bool without_logits) {
    const auto& entry = catalog.methods.at(name);
    Problems problems;
    const Value all = entry.schema.normalise(options, name, problems);
    MethodContext context{Task::binary, 2, kDomains, 2, keys, c10::kCPU};
    context.steps = 200;
    context.input_shape = {kInputs};
    const auto method = entry.make({all, all}, context);
    if (without_logits && method->risk_input() == RiskInput::logits) return 0.0;
    // The training set comes with a run, and so does what is known of a mechanism.
    const Access needs = method->needs();
    if (method->row_request().any() || needs.validation_rows) return 0.0;
    if (needs.exact_ceilings || needs.cue_inputs) return 0.0;
    ReplicaTrainer trainer(*model, model->initialise(keys), {});
    trainer.add_blocks(method->own_blocks(*model));
    if (without_logits) trainer.set_risk_input(method->risk_input());
    if (!without_logits && method->needs_second_order()) trainer.use_second_order();
    constexpr int kSteps = 100;
    double before = 0.0;
    method->begin_phase(trainer, 0);
    for (int step = 0; step < 2 * kSteps; ++step) {
      if (step == kSteps) before = static_cast<double>(mallinfo2().uordblks);
      method->step(trainer, without_logits ? shortcut : logits);
    }
    return (static_cast<double>(mallinfo2().uordblks) - before) / kSteps;
  };
  // One tensor, or one node of a graph, takes more than a hundred bytes.
  constexpr double kBytesPerStep = 50.0;
  for (const std::string& name : catalog.methods.names()) {
    for (const bool without_logits : {false, true}) {
      CAPTURE(name, without_logits);
      CHECK(grown(name, {}, without_logits) < kBytesPerStep);
    }
  }
  for (const bool without_logits : {false, true}) {
    CHECK(grown("and_mask", {{"normalise", "weights"}}, without_logits) < kBytesPerStep);
  }
}
#endif
