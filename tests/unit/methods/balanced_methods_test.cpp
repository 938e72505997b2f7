#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "catch.hpp"
#include "conformance/toy_training_set.hpp"
#include "methods/shared/beta_draw.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"
#include "spurion/row_tools.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// A method on three toy minibatches with groups, a linear model and plain gradient descent of step
/// size 1.
struct Balanced {
  Catalog catalog = builtin_catalog();
  conformance::ToyShape shape;
  std::unique_ptr<Model> model;
  conformance::ToyRun run;
  std::unique_ptr<Method> method;
  std::unique_ptr<ReplicaTrainer> trainer;
  std::unique_ptr<conformance::ToyTrainingSet> rows;

  Balanced(const std::string& name, const Value& given) {
    shape.rows = 11;
    shape.groups = true;
    model = conformance::toy_model(catalog, "linear", shape);
    run.catalog = &catalog;
    run.shape = shape;
    run.keys = {RandomKey(7)};
    for (std::uint64_t i = 0; i < 3; ++i) {
      run.batches.push_back(conformance::toy_batch(shape, 1, i));
    }
    const auto& entry = catalog.methods.at(name);
    Problems problems;
    const Value options = entry.schema.normalise(given, name, problems);
    problems.raise();
    MethodContext context{shape.task, 1, 2, 4, run.keys};
    context.steps = 10;
    context.input_shape = {shape.inputs};
    context.outputs = shape.outputs();
    method = entry.make({options}, context);
    OptimizerOptions sgd;
    sgd.name = "sgd";
    sgd.learning_rate = 1.0;
    trainer = std::make_unique<ReplicaTrainer>(*model, conformance::toy_parameters(*model, 1), sgd);
    trainer->add_blocks(method->own_blocks(*model));
    rows = std::make_unique<conformance::ToyTrainingSet>(run, method->row_request());
    trainer->set_training_set(rows.get());
  }
  /// The gradient of a step in float64.
  Tensor step(const Batch& batch) {
    const Tensor before = now();
    method->step(*trainer, batch);
    return before - now();
  }
  [[nodiscard]] Tensor now() const { return trainer->parameters()[0].detach().to(at::kDouble); }
  /// The gradient of `objective(losses of the rows, w)`.
  template <class Objective>
  static Tensor gradient(const Tensor& w, const Batch& batch, const Objective& objective) {
    const Tensor leaf = w.clone().requires_grad_(true);
    const std::int64_t inputs = batch.x.size(2);
    const Tensor z = batch.x[0].to(at::kDouble).matmul(leaf.narrow(0, 0, inputs)) + leaf[inputs];
    const Tensor losses =
        at::binary_cross_entropy_with_logits(z, batch.y[0].flatten().to(at::kDouble), {}, {}, 0);
    return torch::autograd::grad({objective(losses)}, {leaf})[0];
  }
};

/// Labels of the rows of a minibatch: 8 of class 1 and 14 of class 0.
Tensor unequal_classes() {
  return at::arange(22).remainder(3).eq(0).to(at::kLong).reshape({1, 2, 11});
}

}  // namespace

TEST_CASE("by class, rows are weighed or cut without group labels") {
  for (const char* name : {"reweighted_erm", "subsampled_erm"}) {
    CAPTURE(name);
    Balanced b(name, Value::Table{{"by", "class"}});
    CHECK_FALSE(b.method->needs().group_labels);
    Batch batch = b.rows->batch(0);
    batch.group = Tensor();
    batch.y = unequal_classes();
    const Tensor y = batch.y.flatten();
    const Tensor before = b.now();
    const Tensor found = b.step(batch);
    if (std::string(name) == "reweighted_erm") {
      const Tensor expected = Balanced::gradient(before, batch, [&](const Tensor& losses) {
        return (losses.masked_select(y.eq(0)).mean() + losses.masked_select(y.eq(1)).mean()) / 2;
      });
      CHECK(at::allclose(found, expected, 1e-4, 1e-6));
    }
  }
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.methods.at("reweighted_erm");
  Problems problems;
  const Value by_class =
      entry.schema.normalise(Value::Table{{"by", "class"}}, "reweighted_erm", problems);
  CHECK_NOTHROW(entry.make({by_class}, MethodContext{Task::binary, 1, 2, 0}));
  CHECK_THROWS_WITH(entry.make({by_class}, MethodContext{Task::regression, 1, 2, 0}),
                    Catch::Contains("classes"));
}

TEST_CASE("subsampled by class, as many rows of each class count") {
  Balanced b("subsampled_erm", Value::Table{{"by", "class"}});
  Batch batch = b.rows->batch(0);
  batch.y = unequal_classes();
  // The gradient by the bias is the mean of the slopes of the rows that are kept: at w = 0 it is
  // (rows of class 0 - rows of class 1) / 2 of them, 0 where both are as many.
  b.trainer->set_parameters(at::zeros_like(b.trainer->parameters().detach()));
  CHECK(b.step(batch)[5].item<double>() == Approx(0.0).margin(1e-6));
  Balanced plain("erm", Value());
  plain.trainer->set_parameters(at::zeros_like(plain.trainer->parameters().detach()));
  CHECK(std::abs(plain.step(batch)[5].item<double>()) > 1e-3);
}

TEST_CASE("group_dro over groups follows their mean losses and the adjustment") {
  Balanced b("group_dro",
             Value::Table{{"groups", "group"}, {"step_size", 2.0}, {"adjustment", 3.0}});
  CHECK(b.method->needs().group_labels);
  CHECK_FALSE(b.method->needs().domain_labels);
  Tensor counts = at::zeros({4}, at::kDouble);
  for (const Batch& batch : b.run.batches) {
    for (std::int64_t g = 0; g < 4; ++g) counts[g] += batch.group.eq(g).sum();
  }
  Tensor q = at::full({4}, 0.25, at::kDouble);
  for (std::int64_t step = 0; step < 2; ++step) {
    const Batch batch = b.rows->batch(step);
    const Tensor group = batch.group.flatten();
    const Tensor before = b.now();
    const auto risks_of = [&](const Tensor& losses) {
      std::vector<Tensor> each;
      for (std::int64_t g = 0; g < 4; ++g) {
        const Tensor own = losses.masked_select(group.eq(g));
        each.push_back(own.numel() == 0 ? at::zeros({}, at::kDouble) : own.mean());
      }
      return at::stack(each);
    };
    const Tensor expected = Balanced::gradient(before, batch, [&](const Tensor& losses) {
      const Tensor risks = risks_of(losses);
      q = q * at::exp(2.0 * (risks.detach() + 3.0 * counts.rsqrt()));
      q = q / q.sum();
      return (q * risks).sum();
    });
    CHECK(at::allclose(b.step(batch), expected, 1e-4, 1e-6));
  }
}

TEST_CASE("group_dro says which of its options go together") {
  const auto made = [](const Value::Table& given, std::int64_t groups) {
    const Catalog catalog = builtin_catalog();
    const auto& entry = catalog.methods.at("group_dro");
    Problems problems;
    const Value options = entry.schema.normalise(given, "group_dro", problems);
    return entry.make({options}, MethodContext{Task::binary, 1, 2, groups});
  };
  CHECK_THROWS_WITH(made({{"adjustment", 1.0}}, 4), Catch::Contains("groups = 'group'"));
  CHECK_THROWS_WITH(made({{"groups", "group"}}, 0), Catch::Contains("groups"));
  CHECK_THROWS_WITH(made({{"sampling", "group_balanced"}}, 0), Catch::Contains("groups"));
  const auto within = made({{"sampling", "group_balanced"}}, 4);
  CHECK(within->needs().group_labels);
  CHECK(within->needs().domain_labels);
  CHECK(within->row_request().within_domains);
  const auto pooled = made({{"sampling", "group_balanced"}, {"groups", "group"}}, 4);
  CHECK_FALSE(pooled->row_request().within_domains);
  CHECK_FALSE(made({}, 0)->row_request().any());
}

TEST_CASE("lisa mixes one label across domains, or two labels in a domain") {
  for (const double share : {1.0, 0.0}) {
    CAPTURE(share);
    Balanced b("lisa", Value::Table{{"same_label_share", share}});
    const Batch batch = b.rows->batch(0);
    const Tensor x = batch.x[0].to(at::kDouble);
    const Tensor y = batch.y.flatten().to(at::kDouble);
    const Tensor w = b.now();
    const Tensor found = b.step(batch);
    const RandomKey key = RandomKey(7).child("lisa").child(std::uint64_t{0});
    const double s = methods::beta_draw(key.child("share"), 2.0);
    // Every set of fitting partners is possible; the one that was drawn explains the gradient.
    const RandomStream stream(key.child("partner"));
    std::vector<std::int64_t> other;
    for (std::int64_t i = 0; i < 22; ++i) {
      std::vector<std::int64_t> fitting;
      const auto label = [&](std::int64_t row) { return y[row].item<double>(); };
      // In the order of the sorted rows: by the other domain or label, then by number.
      for (std::int64_t j = 0; j < 22; ++j) {
        const bool same_domain = i / 11 == j / 11;
        const bool same_label = label(i) == label(j);
        if (share == 1.0 ? same_label && !same_domain : same_domain && !same_label) {
          fitting.push_back(j);
        }
      }
      if (fitting.empty()) {
        other.push_back(i);
      } else {
        other.push_back(fitting[static_cast<std::size_t>(
            stream.below(static_cast<std::int64_t>(fitting.size()), i))]);
      }
    }
    const Tensor partner = at::tensor(other, at::kLong);
    const Tensor mixed = s * x + (1.0 - s) * x.index_select(0, partner);
    const Tensor target = s * y + (1.0 - s) * y.index_select(0, partner);
    const Tensor slope = at::sigmoid(mixed.matmul(w.narrow(0, 0, 5)) + w[5]) - target;
    const Tensor expected = at::cat({mixed.t().matmul(slope), slope.sum().unsqueeze(0)}) / 22.0;
    CHECK(at::allclose(found, expected, 1e-4, 1e-6));
  }
}

TEST_CASE("cdann's adversary knows the label, and every class counts alike") {
  Balanced b("cdann", Value::Table{{"adversary_depth", std::int64_t{0}}});
  const Tensor own = b.trainer->own("adversary").detach().clone();
  const Batch batch = b.rows->batch(0);
  b.step(batch);
  const Tensor moved = b.trainer->own("adversary").detach() - own;
  const Tensor y = batch.y.flatten();
  const Tensor indicators = at::stack({y.eq(0), y.eq(1)}, 1).to(at::kDouble);
  const Tensor seen = at::cat({batch.x[0].to(at::kDouble), indicators}, 1);
  const Tensor leaf = own[0].to(at::kDouble).requires_grad_(true);
  const Tensor guess = seen.matmul(leaf.narrow(0, 0, 14).reshape({7, 2})) + leaf.narrow(0, 14, 2);
  const Tensor domain = at::arange(2).repeat_interleave(11);
  const Tensor rows = at::nll_loss(at::log_softmax(guess, 1), domain, {}, 0);
  const Tensor loss =
      (rows.masked_select(y.eq(0)).mean() + rows.masked_select(y.eq(1)).mean()) / 2.0;
  const Tensor g = torch::autograd::grad({loss}, {leaf})[0];
  // The first step of Adam is its rate against the sign of the gradient.
  CHECK(at::allclose(moved[0].to(at::kDouble), -1e-3 * g / (g.abs() + 1e-8), 1e-2, 1e-6));
}

TEST_CASE("the gradient penalty of cdann's adversary counts rows alike") {
  Balanced b("cdann", Value::Table{{"adversary_depth", std::int64_t{0}},
                                   {"gradient_penalty", 1.0},
                                   {"adversary_beta1", 0.0}});
  Batch batch = b.rows->batch(0);
  batch.y = unequal_classes();
  const Tensor y = batch.y.flatten();
  const Tensor indicators = at::stack({y.eq(0), y.eq(1)}, 1).to(at::kDouble);
  const Tensor seen = at::cat({batch.x[0].to(at::kDouble), indicators}, 1);
  const Tensor domain = at::arange(2).repeat_interleave(11);
  const Tensor share = at::where(y.eq(0), at::full({22}, 11.0 / 14.0, at::kDouble),
                                 at::full({22}, 11.0 / 8.0, at::kDouble));
  // The gradient of the adversary's loss, where its rows weigh `of_penalty` in the penalty.
  const auto slope = [&](const Tensor& parameters, const Tensor& of_penalty) {
    const Tensor leaf = parameters.to(at::kDouble).requires_grad_(true);
    const Tensor w = leaf.narrow(0, 0, 14).reshape({7, 2});
    const Tensor logs = at::log_softmax(seen.matmul(w) + leaf.narrow(0, 14, 2), 1);
    const Tensor by_logit = logs.exp() - at::one_hot(domain, 2).to(at::kDouble);
    const Tensor by_feature = by_logit.matmul(w.narrow(0, 0, 5).t());
    const Tensor loss = (share * at::nll_loss(logs, domain, {}, 0)).mean() +
                        ((of_penalty.unsqueeze(1) * by_feature).pow(2).sum(1)).mean();
    return torch::autograd::grad({loss}, {leaf})[0];
  };
  // With beta1 = 0 and beta2 = 0.9 the second step of Adam tells the ratio of the gradients.
  const auto second_move = [&](const Tensor& first, const Tensor& second, const Tensor& weight) {
    const Tensor g = slope(first, weight);
    const Tensor h = slope(second, weight);
    const Tensor size = (0.09 * g.pow(2) + 0.1 * h.pow(2)) / 0.19;
    return -1e-3 * h / (size.sqrt() + 1e-8);
  };
  const auto adversary = [&] { return b.trainer->own("adversary")[0].detach().clone(); };
  // From weights at which the penalty is a large part of the loss.
  b.trainer->set_own("adversary", 3.0 * b.trainer->own("adversary").detach() + 0.2);
  const Tensor start = adversary();
  b.step(batch);
  b.trainer->set_own("adversary", (0.3 * start).unsqueeze(0));
  const Tensor second = adversary();
  b.step(batch);
  const Tensor moved = (adversary() - second).to(at::kDouble);
  const Tensor alike = at::ones({22}, at::kDouble);
  CHECK(at::allclose(moved, second_move(start, second, alike), 1e-2, 1e-6));
  CHECK_FALSE(at::allclose(moved, second_move(start, second, share), 1e-2, 1e-6));
}

TEST_CASE("group_dro over groups does not see rows that weigh nothing") {
  const Value::Table by_group{{"groups", "group"}};
  Balanced a("group_dro", by_group);
  Balanced b("group_dro", by_group);
  Batch batch = a.rows->batch(0);
  batch.weight = 2.0 * at::arange(22).remainder(2).to(at::kFloat).reshape({1, 2, 11});
  Batch other = batch;
  const Tensor hidden = batch.weight.eq(0.0);
  other.y = at::where(hidden, 1 - batch.y, batch.y);
  other.group = at::where(hidden, 3 - batch.group, batch.group);
  const Tensor found = a.step(batch);
  CHECK(found.abs().max().item<double>() > 0.0);
  CHECK(at::equal(found, b.step(other)));
}

TEST_CASE("draws of a toy training set within domains keep each row in its domain") {
  Balanced b("group_dro", Value::Table{{"sampling", "group_balanced"}});
  const Batch drawn = b.rows->batch(1);
  CHECK(drawn.domains == 2);
  CHECK(drawn.rows_per_domain == 11);
  for (std::int64_t e = 0; e < 2; ++e) {
    for (std::int64_t i = 0; i < 11; ++i) {
      const Tensor row = drawn.x[0][e * 11 + i];
      bool found = false;
      for (const Batch& batch : b.run.batches) {
        for (std::int64_t j = 0; j < 11; ++j)
          found = found || at::equal(batch.x[0][e * 11 + j], row);
      }
      CHECK(found);
    }
  }
}
