#include <ATen/ATen.h>

#include "catch.hpp"
#include "methods/shared/head_refit.hpp"
#include "methods/shared/sparse_logistic.hpp"
#include "spurion/error.hpp"
#include "unit/methods/reference_run.hpp"
#include "unit/methods/staged.hpp"

using namespace spurion;
using Catch::Contains;
using Json = nlohmann::json;
using method_tests::Staged;

namespace {

Json reference(const char* part) { return method_tests::reference_file("objectives.json")[part]; }

/// A list of rows, feature by feature.
std::vector<double> by_column(const Json& rows) {
  std::vector<double> out;
  for (std::size_t f = 0; f < rows.front().size(); ++f) {
    for (const Json& row : rows) out.push_back(row[f].get<double>());
  }
  return out;
}

}  // namespace

TEST_CASE("the sparse logistic regression is that of an independent solver") {
  for (const Json& one : reference("sparse_logistic")) {
    methods::LogisticRows rows;
    rows.features = static_cast<std::int64_t>(one["rows"].front().size());
    rows.x = by_column(one["rows"]);
    rows.label = one["labels"].get<std::vector<double>>();
    const auto c = one["c"].get<double>();
    CAPTURE(c);
    const Json& solution = one["solution"];
    methods::LogisticFit far;
    far.weights.assign(static_cast<std::size_t>(rows.features), 3.0);
    far.bias = -5.0;
    for (const methods::LogisticFit& start : {methods::LogisticFit(), far}) {
      const methods::LogisticSolution found = methods::sparse_logistic(rows, c, start);
      for (std::size_t f = 0; f < found.fit.weights.size(); ++f) {
        const auto expected = solution["weights"][f].get<double>();
        CHECK(found.fit.weights[f] == Approx(expected).margin(1e-4));
        if (expected == 0.0) CHECK(found.fit.weights[f] == 0.0);
      }
      CHECK(found.fit.bias == Approx(solution["bias"].get<double>()).margin(1e-4));
      CHECK(found.flops > 0.0);
    }
  }
}

TEST_CASE("rows of one class, or without a varying feature, give a finite regression") {
  methods::LogisticRows rows;
  rows.features = 2;
  rows.x = {0.0, 0.0, 0.0, 1.0, -1.0, 0.5};
  for (const std::vector<double>& labels :
       {std::vector<double>{1.0, 1.0, 1.0}, std::vector<double>{0.0, 0.0, 0.0},
        std::vector<double>{0.0, 1.0, 1.0}}) {
    rows.label = labels;
    const methods::LogisticFit fit = methods::sparse_logistic(rows, 1.0, {}).fit;
    CHECK(fit.weights[0] == 0.0);
    CHECK(std::isfinite(fit.weights[1]));
    CHECK(std::isfinite(fit.bias));
  }
}

TEST_CASE("a last layer is trained further as plain loops do it") {
  for (const Json& one : reference("head_refit")) {
    methods::RefitRows rows;
    rows.features = static_cast<std::int64_t>(one["rows"].front().size());
    rows.outputs = static_cast<std::int64_t>(one["logits"].front().size());
    rows.x = by_column(one["rows"]);
    rows.logits = by_column(one["logits"]);
    rows.label = one["labels"].get<std::vector<std::int64_t>>();
    rows.weight = one["weights"].get<std::vector<double>>();
    methods::RefitDescent descent;
    descent.steps = one["steps"].get<std::int64_t>();
    descent.rate = one["rate"].get<double>();
    descent.anchor = one["anchor"].get<double>();
    descent.clip_norm = one["clip"].get<double>();
    const methods::RefitAddend found = methods::refit_head(rows, descent);
    const Json& addend = one["addend"];
    for (std::int64_t c = 0; c < rows.outputs; ++c) {
      const auto output = static_cast<std::size_t>(c);
      CHECK(found.bias[output] == Approx(addend["bias"][output].get<double>()).epsilon(1e-9));
      for (std::int64_t f = 0; f < rows.features; ++f) {
        CHECK(found.weights[static_cast<std::size_t>(f * rows.outputs + c)] ==
              Approx(addend["weights"][static_cast<std::size_t>(f)][output].get<double>())
                  .epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("afr trains on the rows that it does not hold out, and refits on the others") {
  Staged s("afr",
           Value::Table{{"sharpness", 3.0}, {"anchor", 0.1}, {"refit_steps", std::int64_t{20}}}, 3);
  const Tensor order = at::tensor(permutation(RandomKey(31).child("held out"), 66), at::kLong);
  Tensor trained = at::ones({66}, at::kDouble);
  trained.index_fill_(0, order.narrow(0, 0, 13), 0.0);
  for (std::int64_t step = 0; step < 3; ++step) {
    CHECK(s.method->evaluated(*s.trainer).plain());
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    const Tensor kept = trained.index_select(0, batch.number.flatten());
    const Tensor weight = kept * (static_cast<double>(kept.numel()) / kept.sum());
    CHECK(at::allclose(before - s.now(), Staged::gradient(before, batch, weight), 1e-4, 1e-6));
  }
  // The refit, again with LibTorch.
  const Tensor w = s.now();
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  for (std::int64_t part = 0; part < 3; ++part) {
    const Batch rows = s.rows->part(part);
    const Tensor held_out =
        trained.index_select(0, rows.number.flatten()).eq(0).nonzero().flatten();
    x.push_back(rows.x[0].index_select(0, held_out).to(at::kDouble));
    y.push_back(rows.y[0].flatten().index_select(0, held_out).to(at::kDouble));
  }
  const Tensor inputs = at::cat({at::cat(x), at::ones({13, 1}, at::kDouble)}, 1);
  const Tensor labels = at::cat(y);
  const Tensor start = inputs.matmul(w);
  const Tensor p = at::where(labels.gt(0), at::sigmoid(start), 1.0 - at::sigmoid(start));
  const Tensor positive = labels.sum();
  Tensor weights = at::exp(-3.0 * p) / at::where(labels.gt(0), positive, 13.0 - positive);
  weights = weights / weights.sum();
  Tensor addend = at::zeros_like(w);
  for (int step = 0; step < 20; ++step) {
    Tensor g = inputs.t().matmul(weights * (at::sigmoid(start + inputs.matmul(addend)) - labels)) +
               0.2 * addend;
    g = g / g.norm().clamp_min(1.0);
    addend = addend - 0.01 * g;
  }
  const Evaluated evaluated = s.method->evaluated(*s.trainer);
  REQUIRE_FALSE(evaluated.plain());
  const Batch rows = s.rows->part(0);
  const Tensor logits =
      evaluated_logits(evaluated, *s.trainer, {0, 1}, rows.x, Task::binary)[0].select(1, 0);
  CHECK(at::allclose(logits.to(at::kDouble), Staged::logits(w + addend, rows), 1e-4, 1e-5));
  CHECK_FALSE(at::allclose(logits.to(at::kDouble), Staged::logits(w, rows), 1e-3, 1e-4));
}

TEST_CASE("dfr refuses held-out rows that lack a group, before it trains") {
  const Catalog catalog = builtin_catalog();
  conformance::ToyShape shape;
  shape.validation_groups = true;
  const auto model = conformance::toy_model(catalog, "linear", shape);
  for (const bool lacks : {false, true}) {
    conformance::ToyRun run;
    run.catalog = &catalog;
    run.method = "dfr";
    Problems problems;
    run.options = {catalog.methods.at("dfr").schema.normalise(Value(), "dfr", problems)};
    run.model = model.get();
    run.shape = shape;
    run.parameters = conformance::toy_parameters(*model, 1);
    run.steps = 3;
    run.batches = {conformance::toy_batch(shape, 1, 0)};
    run.keys = {RandomKey(5)};
    run.validation = conformance::toy_validation(shape, 1);
    if (lacks) {
      run.validation.group.masked_fill_(run.validation.group.eq(2), 0);
      CHECK_THROWS_WITH(conformance::train(run),
                        Catch::Contains("of group 2") && Catch::Contains("dfr"));
      continue;
    }
    const conformance::ToyResult result = conformance::train(run);
    CHECK(at::isfinite(result.evaluated).all().item<bool>());
    // The labels are those of a linear function: a refit on 66 rows finds most of them.
    const Batch& rows = run.batches.front();
    const Tensor right = result.evaluated[0].select(1, 0).gt(0).eq(rows.y.flatten().gt(0));
    CHECK(right.to(at::kDouble).mean().item<double>() > 0.85);
  }
}
