// Penalties of the offline methods beside the methods for streams, over the domains of a batch and
// over the phases of a stream, against objectives written out by hand.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// A linear model of two inputs in one replica.
struct PenaltyFixture {
  Catalog catalog = builtin_catalog();
  std::unique_ptr<Model> model;
  Tensor start = at::tensor({0.3F, -0.7F, 0.1F}).unsqueeze(0);

  PenaltyFixture() {
    Problems problems;
    const auto& entry = catalog.models.at("linear");
    model = entry.make({entry.schema.normalise(Value(), "linear", problems)}, ModelContext{{2}, 1});
  }

  std::unique_ptr<Method> method(const std::string& name, const Value& given) const {
    const auto& entry = catalog.methods.at(name);
    Problems problems;
    const Value options = entry.schema.normalise(given, name, problems);
    problems.raise();
    return entry.make({options}, MethodContext{Task::binary, 1, 2, 0, {RandomKey(3)}});
  }

  /// SGD of step 1, so that a change of the parameters is minus a gradient.
  std::unique_ptr<ReplicaTrainer> trainer() const {
    OptimizerOptions sgd;
    sgd.name = "sgd";
    sgd.learning_rate = 1.0;
    return std::make_unique<ReplicaTrainer>(*model, start, sgd);
  }

  /// Two domains of ten rows.
  static Batch two_domains(std::uint64_t number) {
    const RandomStream stream(RandomKey(4).child(number));
    Batch batch;
    batch.domains = 2;
    batch.rows_per_domain = 10;
    batch.x = at::empty({1, 20, 2});
    batch.y = at::empty({1, 2, 10}, at::kLong);
    for (std::int64_t i = 0; i < 20; ++i) {
      for (std::int64_t j = 0; j < 2; ++j) batch.x[0][i][j] = stream.normal(i, j);
      batch.y[0][i / 10][i % 10] = stream.bernoulli(0.5, i, 2) ? 1 : 0;
    }
    return batch;
  }

  /// Twenty times the same row: however rows are drawn from it, they are these.
  static Batch one_row(float first, float second, std::int64_t label) {
    Batch batch = two_domains(0);
    batch.x.select(2, 0).fill_(first);
    batch.x.select(2, 1).fill_(second);
    batch.y.fill_(label);
    return batch;
  }

  /// The risk [E] of `batch` at parameters w, in float64.
  static Tensor risks(const Batch& batch, const Tensor& w, const Tensor& scale) {
    const Tensor z = (batch.x[0].to(at::kDouble).matmul(w.narrow(0, 0, 2)) + w[2]) * scale;
    return at::binary_cross_entropy_with_logits(z, batch.y.flatten().to(at::kDouble), {}, {}, 0)
        .reshape({2, 10})
        .mean(1);
  }

  /// penalty of risks [E] whose dummy scale is `scale`.
  static Tensor penalty(const std::string& name, const Tensor& risks, const Tensor& scale,
                        double step) {
    if (name == "v_rex") return (risks - risks.mean()).pow(2).mean();
    if (name == "group_dro") {
      return (at::softmax(step * risks.detach(), 0) * risks).sum() - risks.mean();
    }
    Tensor sum = at::zeros({}, at::kDouble);
    for (std::int64_t e = 0; e < risks.size(0); ++e) {
      sum = sum + torch::autograd::grad({risks[e]}, {scale}, {}, true, true)[0].pow(2);
    }
    return sum / static_cast<double>(risks.size(0));
  }
};

constexpr const char* kPenalties[] = {"irm_v1", "v_rex", "group_dro"};

}  // namespace

TEST_CASE("a penalty over the domains of a batch is the offline method's") {
  const PenaltyFixture f;
  const Batch batch = PenaltyFixture::two_domains(1);
  for (const char* name : kPenalties) {
    CAPTURE(name);
    const auto method = f.method(
        "l2_init",
        Value::Table{
            {"strength", 0.0}, {"penalty", name}, {"penalty_weight", 3.0}, {"penalty_step", 2.0}});
    const auto trainer = f.trainer();
    method->begin_phase(*trainer, 0);
    method->step(*trainer, batch);
    Tensor w = f.start[0].to(at::kDouble).requires_grad_(true);
    Tensor scale = at::ones({}, at::kDouble).requires_grad_(true);
    const Tensor risks = PenaltyFixture::risks(batch, w, scale);
    const Tensor loss = risks.mean() + 3.0 * PenaltyFixture::penalty(name, risks, scale, 2.0);
    const Tensor gradient = torch::autograd::grad({loss}, {w})[0];
    CHECK(at::allclose((f.start - trainer->parameters().detach())[0].to(at::kDouble), gradient,
                       1e-4, 1e-5));
  }
}

TEST_CASE("with weight 1 the penalty of group DRO makes the mean risk group DRO") {
  const PenaltyFixture f;
  const auto run = [&](const std::string& name, const Value& options) {
    const auto method = f.method(name, options);
    const auto trainer = f.trainer();
    method->begin_phase(*trainer, 0);
    for (std::uint64_t step = 0; step < 3; ++step) {
      method->step(*trainer, PenaltyFixture::two_domains(step));
    }
    return trainer->parameters().detach().clone();
  };
  CHECK(at::allclose(
      run("group_dro", Value::Table{{"step_size", 0.5}}),
      run("l2_init",
          Value::Table{{"strength", 0.0}, {"penalty", "group_dro"}, {"penalty_step", 0.5}}),
      1e-5, 1e-6));
}

TEST_CASE("a penalty over phases compares the newest rows with those of each past phase") {
  const PenaltyFixture f;
  for (const char* name : kPenalties) {
    CAPTURE(name);
    const auto method = f.method("l2_init", Value::Table{{"strength", 0.0},
                                                         {"penalty", name},
                                                         {"penalty_over", "phases"},
                                                         {"penalty_weight", 3.0},
                                                         {"penalty_step", 2.0},
                                                         {"penalty_replayed", 5}});
    const auto trainer = f.trainer();
    const Batch first = PenaltyFixture::one_row(1.0F, -0.5F, 1);
    const Batch second = PenaltyFixture::one_row(-0.3F, 0.8F, 0);
    const Batch third = PenaltyFixture::two_domains(7);
    method->begin_phase(*trainer, 0);
    method->step(*trainer, first);
    method->begin_phase(*trainer, 1);
    method->step(*trainer, second);
    method->begin_phase(*trainer, 2);
    const Tensor before = trainer->parameters().detach().clone();
    method->step(*trainer, third);
    Tensor w = before[0].to(at::kDouble).requires_grad_(true);
    Tensor scale = at::ones({}, at::kDouble).requires_grad_(true);
    // The newest rows are one domain, whatever slots they came in.
    const Tensor fresh = PenaltyFixture::risks(third, w, scale).mean();
    const Tensor risks = at::stack({fresh, PenaltyFixture::risks(first, w, scale)[0],
                                    PenaltyFixture::risks(second, w, scale)[0]});
    const Tensor loss = fresh + 3.0 * PenaltyFixture::penalty(name, risks, scale, 2.0);
    const Tensor gradient = torch::autograd::grad({loss}, {w})[0];
    CHECK(at::allclose((before - trainer->parameters().detach())[0].to(at::kDouble), gradient, 1e-4,
                       1e-5));
  }
}

TEST_CASE("a penalty of weight 0 changes nothing") {
  const PenaltyFixture f;
  const auto run = [&](const std::string& name, const Value& options) {
    const auto method = f.method(name, options);
    const auto trainer = f.trainer();
    for (std::int64_t phase = 0; phase < 2; ++phase) {
      method->begin_phase(*trainer, phase);
      method->step(*trainer, PenaltyFixture::two_domains(static_cast<std::uint64_t>(phase)));
    }
    return trainer->parameters().detach().clone();
  };
  CHECK(at::allclose(run("l2_init", Value::Table{{"strength", 0.0},
                                                 {"penalty", "v_rex"},
                                                 {"penalty_over", "phases"},
                                                 {"penalty_weight", 0.0}}),
                     run("l2_init", Value::Table{{"strength", 0.0}}), 1e-6, 1e-7));
}

TEST_CASE("what is no penalty is refused by name") {
  const PenaltyFixture f;
  for (const char* name : {"and_mask", "iga", "reweighted_erm"}) {
    CHECK_THROWS_WITH(f.method("ewc", Value::Table{{"penalty", name}}),
                      Contains("penalty") && Contains("group_dro"));
  }
}

TEST_CASE("domain labels are needed for a penalty over a batch, not for one over phases") {
  const PenaltyFixture f;
  CHECK(f.method("ewc", Value::Table{{"penalty", "v_rex"}})->needs().domain_labels);
  CHECK_FALSE(f.method("ewc", Value::Table{{"penalty", "v_rex"}, {"penalty_over", "phases"}})
                  ->needs()
                  .domain_labels);
}
