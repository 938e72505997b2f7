#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "catch.hpp"
#include "spurion/catalog.hpp"

using namespace spurion;

namespace {

/// A linear model on a fixed batch of two domains, so that everything can be worked out by hand.
struct Fixture {
  Catalog catalog = builtin_catalog();
  std::unique_ptr<Model> model;
  Batch batch;
  Tensor start = at::tensor({0.3F, -0.7F, 0.1F}).unsqueeze(0).expand({2, 3}).contiguous();

  Fixture() {
    at::manual_seed(1);
    Problems problems;
    const auto& entry = catalog.models.at("linear");
    model = entry.make({entry.schema.normalise(Value(), "linear", problems)}, ModelContext{{2}, 1});
    batch.domains = 2;
    batch.rows_per_domain = 20;
    batch.x = at::randn({1, 40, 2});
    batch.y = at::randint(0, 2, {1, 2, 20}, at::kLong);
  }

  std::unique_ptr<Method> method(const std::string& name, const Value& given) {
    const auto& entry = catalog.methods.at(name);
    Problems problems;
    const Value options = entry.schema.normalise(given, name, problems);
    problems.raise();
    return entry.make({options, options}, MethodContext{Task::binary, 2, 2, 4});
  }

  /// Parameters after one plain gradient step of size 1: start minus the method's gradient.
  Tensor gradient(const std::string& name, const Value& given) {
    OptimizerOptions sgd;
    sgd.name = "sgd";
    sgd.learning_rate = 1.0;
    ReplicaTrainer trainer(*model, start, sgd);
    const auto built = method(name, given);
    if (built->needs_second_order()) trainer.use_second_order();
    built->step(trainer, batch);
    CHECK(at::equal(trainer.parameters()[0], trainer.parameters()[1]));
    return (start - trainer.parameters().detach())[0].to(at::kDouble);
  }

  /// Gives the batch group labels: sizes 5, 20, 12 and 3.
  void label_groups() {
    std::vector<std::int64_t> groups;
    for (const auto& [group, count] : {std::pair{2, 12}, {0, 5}, {3, 3}, {1, 20}}) {
      groups.insert(groups.end(), static_cast<std::size_t>(count), group);
    }
    batch.group = at::tensor(groups, at::kLong).reshape({1, 2, 20});
  }

  /// Gradient of `objective(risks [E], parameters)` in float64, by automatic differentiation.
  template <class Objective>
  Tensor reference(Objective objective) {
    Tensor w = start[0].to(at::kDouble).requires_grad_(true);
    return torch::autograd::grad({objective(w)}, {w})[0];
  }

  Tensor logits(const Tensor& w) const {
    return batch.x[0].to(at::kDouble).matmul(w.narrow(0, 0, 2)) + w[2];
  }
  Tensor risks(const Tensor& z) const {
    return at::binary_cross_entropy_with_logits(z, batch.y.flatten().to(at::kDouble), {}, {}, 0)
        .reshape({2, 20})
        .mean(1);
  }
};

}  // namespace

TEST_CASE("erm follows the mean risk") {
  Fixture f;
  CHECK(at::allclose(f.gradient("erm", Value::Table{{"l2", 0.01}}),
                     f.reference([&](const Tensor& w) {
                       return f.risks(f.logits(w)).mean() + 0.01 * w.pow(2).sum();
                     }),
                     1e-5, 1e-6));
}

TEST_CASE("irm_v1 follows risk plus the squared gradient of a dummy scale, rescaled") {
  Fixture f;
  const auto objective = [&](const Tensor& w, double weight, double l2) {
    Tensor scale = at::ones({}, at::kDouble).requires_grad_(true);
    const Tensor risks = f.risks(f.logits(w) * scale);
    Tensor penalty = at::zeros({}, at::kDouble);
    for (int e = 0; e < 2; ++e) {
      penalty = penalty + torch::autograd::grad({risks[e]}, {scale}, {}, true, true)[0].pow(2) / 2;
    }
    return (risks.mean() + l2 * w.pow(2).sum() + weight * penalty) / std::max(weight, 1.0);
  };
  CHECK(at::allclose(
      f.gradient("irm_v1",
                 Value::Table{{"penalty_weight", 50.0}, {"anneal_steps", 0}, {"l2", 0.1}}),
      f.reference([&](const Tensor& w) { return objective(w, 50.0, 0.1); }), 1e-5, 1e-6));
  // Before the anneal step the weight is 1.
  CHECK(at::allclose(
      f.gradient("irm_v1",
                 Value::Table{{"penalty_weight", 50.0}, {"anneal_steps", 5}, {"l2", 0.1}}),
      f.reference([&](const Tensor& w) { return objective(w, 1.0, 0.1); }), 1e-5, 1e-6));
}

TEST_CASE("irm_v1 as in the linear unit tests: scale and bias, summed, convex") {
  Fixture f;
  CHECK(at::allclose(f.gradient("irm_v1", Value::Table{{"penalty_weight", 0.9},
                                                       {"anneal_steps", 0},
                                                       {"l2", 0.0},
                                                       {"dummy", "affine"},
                                                       {"reduction", "sum"},
                                                       {"convex", true}}),
                     f.reference([&](const Tensor& w) {
                       Tensor scale = at::ones({}, at::kDouble).requires_grad_(true);
                       Tensor shift = at::zeros({}, at::kDouble).requires_grad_(true);
                       const Tensor risks = f.risks(f.logits(w) * scale + shift);
                       Tensor penalty = at::zeros({}, at::kDouble);
                       for (int e = 0; e < 2; ++e) {
                         for (const Tensor& g :
                              torch::autograd::grad({risks[e]}, {scale, shift}, {}, true, true)) {
                           penalty = penalty + g.pow(2);
                         }
                       }
                       return 0.1 * risks.mean() + 0.9 * penalty;
                     }),
                     1e-5, 1e-6));
}

TEST_CASE("irm_v1 with a factor of each input: linear models") {
  Fixture f;
  const Value::Table given = {{"penalty_weight", 4.0}, {"anneal_steps", 0}, {"dummy", "inputs"}};
  CHECK(at::allclose(f.gradient("irm_v1", given), f.reference([&](const Tensor& w) {
    Tensor factors = at::ones({2}, at::kDouble).requires_grad_(true);
    const Tensor x = f.batch.x[0].to(at::kDouble);
    const Tensor risks = f.risks((x * factors).matmul(w.narrow(0, 0, 2)) + w[2]);
    Tensor penalty = at::zeros({}, at::kDouble);
    for (int e = 0; e < 2; ++e) {
      penalty =
          penalty + torch::autograd::grad({risks[e]}, {factors}, {}, true, true)[0].pow(2).mean();
    }
    return (risks.mean() + 4.0 * penalty / 2) / 4.0;
  }),
                     1e-5, 1e-6));
}

TEST_CASE("irm_v1 with a factor of each input: the authors' loss of a representation") {
  Fixture f;
  const auto& entry = f.catalog.models.at("linear_representation");
  Problems problems;
  f.model = entry.make({entry.schema.normalise(Value(), "m", problems)}, ModelContext{{2}, 1});
  f.start = at::tensor({0.3F, -0.7F, 0.1F, 0.2F}).unsqueeze(0).expand({2, 4}).contiguous();
  // r sum_e R_e + (1 - r) sum_e P_e, divided by 2 r + 1 - r.
  constexpr double kShare = 0.1;
  const double weight = (1.0 - kShare) / (1.0 + kShare);
  const Value::Table given = {{"penalty_weight", weight}, {"anneal_steps", 0}, {"dummy", "inputs"},
                              {"reduction", "sum"},       {"convex", true},    {"rescale", false}};
  CHECK(at::allclose(f.gradient("irm_v1", given), f.reference([&](const Tensor& change) {
    Tensor classifier = at::ones({2}, at::kDouble).requires_grad_(true);
    const Tensor phi = at::eye(2, at::kDouble) + change.reshape({2, 2});
    const Tensor risks = f.risks(f.batch.x[0].to(at::kDouble).matmul(phi).matmul(classifier));
    Tensor penalty = at::zeros({}, at::kDouble);
    for (int e = 0; e < 2; ++e) {
      penalty = penalty +
                torch::autograd::grad({risks[e]}, {classifier}, {}, true, true)[0].pow(2).mean();
    }
    return (kShare * risks.sum() + (1.0 - kShare) * penalty) / (1.0 + kShare);
  }),
                     1e-5, 1e-6));
}

TEST_CASE("irm_v1 refuses a factor of each input where there is none") {
  Fixture f;
  const auto method = f.method("irm_v1", Value::Table{{"dummy", "inputs"}});
  CHECK_NOTHROW(method->check(*f.model));
  const auto& entry = f.catalog.models.at("mlp");
  Problems problems;
  const auto mlp =
      entry.make({entry.schema.normalise(Value(), "mlp", problems)}, ModelContext{{2}, 1});
  CHECK_THROWS_WITH(method->check(*mlp),
                    Catch::Contains("needs a model that is linear in its inputs"));
  CHECK_NOTHROW(f.method("irm_v1", Value())->check(*mlp));
}

TEST_CASE("v_rex is a quarter of the authors' loss, with twice their weight and half their l2") {
  Fixture f;
  constexpr double kWeight = 50.0;
  constexpr double kL2 = 0.1;
  const auto authors = [&](const Tensor& w, double weight) {
    const Tensor risks = f.risks(f.logits(w));
    const Tensor loss =
        risks[0] + risks[1] + kL2 * w.pow(2).sum() + weight * (risks[0] - risks[1]).pow(2);
    return weight > 1.0 ? loss / weight : loss;
  };
  for (const std::int64_t anneal : {0, 5}) {
    const Value::Table ours = {{"penalty_weight", 2.0 * kWeight},
                               {"anneal_steps", anneal},
                               {"initial_weight", 2.0},
                               {"l2", 0.5 * kL2}};
    const double now = anneal == 0 ? kWeight : 1.0;  // the first step
    CHECK(at::allclose(4.0 * f.gradient("v_rex", ours),
                       f.reference([&](const Tensor& w) { return authors(w, now); }), 1e-5, 1e-6));
  }
}

TEST_CASE("discounted_sgd normalises the risks of batches, not what is added to them") {
  Fixture f;
  OptimizerOptions sgd;
  sgd.name = "sgd";
  sgd.learning_rate = 0.5;
  const auto after = [&](const std::string& name) {
    ReplicaTrainer trainer(*f.model, f.start, sgd);
    const auto method = f.method(name, Value::Table{{"l2", 0.1}});
    for (int step = 0; step < 4; ++step) method->step(trainer, f.batch);
    return trainer.parameters().detach().clone();
  };
  // Of one batch, again and again, the discounted risk is the risk.
  CHECK(at::allclose(after("discounted_sgd"), after("erm"), 1e-5, 1e-6));
}

TEST_CASE("all methods that have an l2 have the same one") {
  const Catalog catalog = builtin_catalog();
  const FieldInfo usual = *catalog.methods.at("erm").schema.find("l2");
  CHECK(usual.default_value.as_number() == 0.0);
  int found = 0;
  for (const std::string& name : catalog.methods.names()) {
    if (name == "ridge") continue;  // its penalty is what it is about, and not of the biases
    const FieldInfo* field = catalog.methods.at(name).schema.find("l2");
    if (field == nullptr) continue;
    ++found;
    CAPTURE(name);
    CHECK(field->default_value == usual.default_value);
    CHECK(field->doc == usual.doc);
    CHECK(field->bounds.text() == usual.bounds.text());
    CHECK(field->search.text() == usual.search.text());
  }
  CHECK(found >= 20);
}

TEST_CASE("v_rex follows the population variance of the risks") {
  Fixture f;
  CHECK(at::allclose(
      f.gradient("v_rex", Value::Table{{"penalty_weight", 7.0}, {"anneal_steps", 0}, {"l2", 0.0}}),
      f.reference([&](const Tensor& w) {
        const Tensor risks = f.risks(f.logits(w));
        return (risks.mean() + 7 * (risks - risks.mean()).pow(2).mean()) / 7;
      }),
      1e-5, 1e-6));
}

TEST_CASE("group_dro weighs domains by an exponentiated step") {
  Fixture f;
  CHECK(at::allclose(f.gradient("group_dro", Value::Table{{"step_size", 2.0}}),
                     f.reference([&](const Tensor& w) {
                       const Tensor risks = f.risks(f.logits(w));
                       return (at::softmax(2 * risks.detach(), 0) * risks).sum();
                     }),
                     1e-5, 1e-6));
}

TEST_CASE("iga follows the spread of the domains' gradients") {
  Fixture f;
  CHECK(at::allclose(
      f.gradient("iga", Value::Table{{"penalty_weight", 3.0}}), f.reference([&](const Tensor& w) {
        const Tensor risks = f.risks(f.logits(w));
        const Tensor a = torch::autograd::grad({risks[0]}, {w}, {}, true, true)[0];
        const Tensor b = torch::autograd::grad({risks[1]}, {w}, {}, true, true)[0];
        const Tensor mean = (a + b) / 2;
        return risks.mean() + 3 * ((a - mean).pow(2).sum() + (b - mean).pow(2).sum());
      }),
      1e-5, 1e-6));
}

TEST_CASE("and_mask moves only along signs on which the domains agree") {
  Fixture f;
  const auto domain = [&](int e) {
    return f.reference([&](const Tensor& w) { return f.risks(f.logits(w))[e]; });
  };
  const Tensor a = domain(0);
  const Tensor b = domain(1);
  const Tensor expected = at::where(a.sign().eq(b.sign()), (a + b) / 2, at::zeros_like(a));
  CHECK(
      at::allclose(f.gradient("and_mask", Value::Table{{"agreement", 0.9}}), expected, 1e-5, 1e-6));
  CHECK(at::allclose(f.gradient("and_mask", Value::Table{{"agreement", 0.0}}), (a + b) / 2, 1e-5,
                     1e-6));
}

TEST_CASE("reweighted_erm follows the mean over groups of their mean losses") {
  Fixture f;
  f.label_groups();
  const auto losses = [&](const Tensor& w) {
    return at::binary_cross_entropy_with_logits(f.logits(w), f.batch.y.flatten().to(at::kDouble),
                                                {}, {}, 0);
  };
  const Tensor group = f.batch.group.flatten();
  CHECK(at::allclose(f.gradient("reweighted_erm", Value::Table{{"l2", 0.01}}),
                     f.reference([&](const Tensor& w) {
                       Tensor sum = at::zeros({}, at::kDouble);
                       for (std::int64_t g = 0; g < 4; ++g) {
                         sum = sum + losses(w).masked_select(group.eq(g)).mean();
                       }
                       return sum / 4 + 0.01 * w.pow(2).sum();
                     }),
                     1e-5, 1e-6));
  // A group that has no rows does not count.
  f.batch.group.masked_fill_(f.batch.group.eq(3), 0);
  const Tensor three = f.batch.group.flatten();
  CHECK(at::allclose(f.gradient("reweighted_erm", Value()), f.reference([&](const Tensor& w) {
    Tensor sum = at::zeros({}, at::kDouble);
    for (std::int64_t g = 0; g < 3; ++g) sum = sum + losses(w).masked_select(three.eq(g)).mean();
    return sum / 3;
  }),
                     1e-5, 1e-6));
}

TEST_CASE("subsampled_erm follows as many rows of each group as the smallest has") {
  Fixture f;
  f.label_groups();
  const Tensor before = f.gradient("subsampled_erm", Value());
  // Rows that are thrown away leave no trace: change the labels of one row at a time and see.
  std::vector<std::int64_t> kept(4, 0);
  Tensor weights = at::zeros({40}, at::kDouble);
  for (std::int64_t i = 0; i < 40; ++i) {
    Tensor label = f.batch.y.view({40})[i];
    label.copy_(1 - label);
    if (!at::equal(f.gradient("subsampled_erm", Value()), before)) {
      ++kept[static_cast<std::size_t>(f.batch.group.flatten()[i].item<std::int64_t>())];
      weights[i] = 1.0 / 12;
    }
    label.copy_(1 - label);
  }
  CHECK(kept == std::vector<std::int64_t>{3, 3, 3, 3});
  CHECK(at::allclose(before, f.reference([&](const Tensor& w) {
    return (at::binary_cross_entropy_with_logits(f.logits(w), f.batch.y.flatten().to(at::kDouble),
                                                 {}, {}, 0) *
            weights)
        .sum();
  }),
                     1e-5, 1e-6));
}

TEST_CASE("methods that weigh groups refuse worlds without") {
  const Catalog catalog = builtin_catalog();
  for (const char* name : {"reweighted_erm", "subsampled_erm"}) {
    const auto& entry = catalog.methods.at(name);
    Problems problems;
    const Value options = entry.schema.normalise(Value(), name, problems);
    CHECK_THROWS_AS(entry.make({options}, MethodContext{Task::binary, 1, 2, 0}), UsageError);
    CHECK(entry.make({options}, MethodContext{Task::binary, 1, 2, 4})->needs().group_labels);
  }
}

TEST_CASE("hyper-parameters of replicas do not mix") {
  Fixture f;
  const auto& entry = f.catalog.methods.at("erm");
  Problems problems;
  const Value none = entry.schema.normalise(Value(), "erm", problems);
  const Value strong = entry.schema.normalise(Value::Table{{"l2", 0.5}}, "erm", problems);
  const auto both = entry.make({none, strong}, MethodContext{Task::binary, 2, 2, 0});
  ReplicaTrainer trainer(*f.model, f.start, {});
  both->step(trainer, f.batch);
  const auto alone = entry.make({strong}, MethodContext{Task::binary, 1, 2, 0});
  ReplicaTrainer single(*f.model, f.start.narrow(0, 1, 1), {});
  alone->step(single, f.batch);
  CHECK(at::equal(trainer.parameters()[1], single.parameters()[0]));
}
