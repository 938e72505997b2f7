#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <functional>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

constexpr std::int64_t kActions = 3;
constexpr std::int64_t kSeen = 2;

/// A linear policy over three actions and what two domains of ten actions gave.
struct PolicyFixture {
  Catalog catalog = builtin_catalog();
  std::unique_ptr<Model> model;
  std::unique_ptr<ReplicaTrainer> trainer;
  Batch batch;

  PolicyFixture() {
    at::manual_seed(5);
    Problems problems;
    const auto& entry = catalog.models.at("linear");
    model = entry.make({entry.schema.normalise(Value(), "linear", problems)},
                       ModelContext{{kSeen}, kActions});
    batch.task = Task::multiclass;
    batch.domains = 2;
    batch.rows_per_domain = 10;
    batch.x = at::randn({1, 20, kSeen});
    batch.y = at::randint(0, kActions, {1, 2, 10}, at::kLong);
    batch.advantage = at::randn({1, 2, 10});
    batch.returns = at::randn({1, 2, 10});
    batch.log_probability = at::log(0.1 + 0.8 * at::rand({1, 2, 10}));
    batch.weight = 2.0 * at::rand({1, 2, 10});
  }

  std::unique_ptr<Method> method(const std::string& name, const Value& given) {
    const auto& entry = catalog.methods.at(name);
    Problems problems;
    const Value options = entry.schema.normalise(given, name, problems);
    problems.raise();
    MethodContext context{Task::multiclass, 1, 2, 0, {RandomKey(3)}};
    context.input_shape = {kSeen};
    context.outputs = kActions;
    auto made = entry.make({options}, context);
    OptimizerOptions sgd;
    sgd.name = "sgd";
    sgd.learning_rate = 1.0;
    trainer =
        std::make_unique<ReplicaTrainer>(*model, model->initialise({RandomKey(1)}) + 0.1, sgd);
    trainer->add_blocks(made->own_blocks(*model));
    return made;
  }
  /// log pi of all actions [20, 3] in float64 for these parameters [9].
  [[nodiscard]] Tensor log_policy(const Tensor& parameters) const {
    const Tensor x = batch.x[0].to(at::kDouble);
    const Tensor logits =
        x.matmul(parameters.narrow(0, 0, kSeen * kActions).reshape({kSeen, kActions})) +
        parameters.narrow(0, kSeen * kActions, kActions);
    return logits.log_softmax(1);
  }
  [[nodiscard]] Tensor taken(const Tensor& log_policy) const {
    return log_policy.gather(1, batch.y.reshape({20, 1})).squeeze(1);
  }
  static Tensor flat(const Tensor& values) { return values.reshape({20}).to(at::kDouble); }
  /// What one step of a method of this loss moves the parameters by, against float64.
  void check_step(const std::string& name, const Value& options,
                  const std::function<Tensor(const Tensor&)>& loss) {
    CAPTURE(name, options.canonical_json());
    const auto made = method(name, options);
    const Tensor start = trainer->parameters().detach().clone();
    const Tensor w = start[0].to(at::kDouble).requires_grad_(true);
    made->step(*trainer, batch);
    const Tensor expected = torch::autograd::grad({loss(w)}, {w})[0];
    const Tensor found = (start - trainer->parameters().detach())[0].to(at::kDouble);
    CHECK(at::allclose(found, expected, 1e-4, 1e-6));
  }
};

}  // namespace

TEST_CASE("ppo and reinforce follow the gradients of their formulas") {
  PolicyFixture f;
  const Tensor weight = PolicyFixture::flat(f.batch.weight);
  const Tensor advantage = PolicyFixture::flat(f.batch.advantage);
  const Tensor returns = PolicyFixture::flat(f.batch.returns);
  const Tensor old = PolicyFixture::flat(f.batch.log_probability);
  const auto clipped = [&](const Tensor& w, const Tensor& gain) {
    const Tensor ratio = (f.taken(f.log_policy(w)) - old).exp();
    return -(weight * at::minimum(ratio * gain, ratio.clamp(0.7, 1.3) * gain)).mean();
  };
  const auto entropy = [&](const Tensor& w) {
    const Tensor log_p = f.log_policy(w);
    return (weight * -(log_p.exp() * log_p).sum(1)).mean();
  };
  f.check_step("ppo", Value::Table{{"clip", 0.3}, {"entropy_bonus", 0.25}, {"l2", 0.02}},
               [&](const Tensor& w) {
                 return clipped(w, advantage) - 0.25 * entropy(w) + 0.02 * w.pow(2).sum();
               });
  f.check_step("ppo",
               Value::Table{{"clip", 0.3}, {"entropy_bonus", 0.0}, {"normalise_advantages", true}},
               [&](const Tensor& w) {
                 const Tensor centred = advantage - advantage.mean();
                 return clipped(w, centred / centred.pow(2).mean().sqrt());
               });
  const auto reinforced = [&](const Tensor& w, const Tensor& gain) {
    const Tensor log_p = f.taken(f.log_policy(w));
    return -(weight * (log_p.detach() - old).exp() * gain * log_p).mean();
  };
  f.check_step("reinforce", Value::Table{{"entropy_bonus", 0.1}},
               [&](const Tensor& w) { return reinforced(w, advantage) - 0.1 * entropy(w); });
  f.check_step("reinforce", Value::Table{{"entropy_bonus", 0.0}, {"baseline", "batch_mean"}},
               [&](const Tensor& w) { return reinforced(w, returns - returns.mean()); });
}

TEST_CASE("values are fitted to returns, and clipped where that is asked for") {
  PolicyFixture f;
  const Tensor weight = PolicyFixture::flat(f.batch.weight);
  const Tensor returns = PolicyFixture::flat(f.batch.returns);
  const Tensor before = returns - PolicyFixture::flat(f.batch.advantage);
  for (const bool clip : {false, true}) {
    const auto made =
        f.method("ppo", Value::Table{{"value_depth", std::int64_t{0}}, {"clip_value_loss", clip}});
    const Tensor start = f.trainer->own("values").detach().clone();
    const Tensor w = start[0].to(at::kDouble).requires_grad_(true);
    const Tensor values = f.batch.x[0].to(at::kDouble).matmul(w.narrow(0, 0, kSeen)) + w[kSeen];
    CHECK(at::allclose(made->state_values(*f.trainer, f.batch.x)[0].to(at::kDouble),
                       values.detach(), 1e-5, 1e-6));
    Tensor loss = (values - returns).pow(2);
    if (clip) {
      loss = at::maximum(loss, (before + (values - before).clamp(-0.2, 0.2) - returns).pow(2));
    }
    const Tensor expected = torch::autograd::grad({(weight * loss).mean()}, {w})[0];
    made->step(*f.trainer, f.batch);
    const Tensor found = (start - f.trainer->own("values").detach())[0].to(at::kDouble);
    CHECK(at::allclose(found, expected, 1e-4, 1e-6));
  }
}

TEST_CASE("without advantages rows are demonstrations: the step is that of erm") {
  PolicyFixture f;
  f.batch.advantage = Tensor();
  f.batch.returns = Tensor();
  f.batch.log_probability = Tensor();
  const auto after = [&](const std::string& name) {
    const auto made = f.method(name, Value());
    made->step(*f.trainer, f.batch);
    return f.trainer->parameters().detach().clone();
  };
  const Tensor erm = after("erm");
  CHECK(at::allclose(after("ppo"), erm, 1e-5, 1e-7));
  CHECK(at::allclose(after("reinforce"), erm, 1e-5, 1e-7));
}

TEST_CASE("with a KL anchor the best policy is proportional to pi_0 exp(r / beta)") {
  PolicyFixture f;
  const double rewards[kActions] = {0.3, 1.0, -0.5};
  const double beta = 0.8;
  for (const char* name : {"ppo", "reinforce"}) {
    CAPTURE(name);
    const auto made = f.method(name, Value::Table{{"kl_anchor", beta}, {"entropy_bonus", 0.0}});
    f.batch.domains = 1;
    f.batch.rows_per_domain = kActions;
    f.batch.x = at::ones({1, kActions, kSeen});
    f.batch.y = at::arange(kActions).reshape({1, 1, kActions});
    const auto policy = [&] {
      const at::NoGradGuard no_grad;
      return f.trainer->forward(f.batch.x).logits[0][0].softmax(0);
    };
    const Tensor start = policy().to(at::kDouble);
    const Tensor gains = at::tensor({0.3, 1.0, -0.5}, at::kFloat);
    for (int step = 0; step < 300; ++step) {
      // Each action once, weighted by its probability: the exact gradient of the expected reward.
      const Tensor now = policy();
      const Shape shape = {1, 1, kActions};
      f.batch.weight = (static_cast<double>(kActions) * now).reshape(shape);
      f.batch.log_probability = now.log().reshape(shape);
      f.batch.returns = gains.reshape(shape).clone();
      f.batch.advantage = (gains - (now * gains).sum()).reshape(shape);
      made->step(*f.trainer, f.batch);
    }
    Tensor best = at::empty({kActions}, at::kDouble);
    for (std::int64_t a = 0; a < kActions; ++a) {
      best[a] = start[a].item<double>() * std::exp(rewards[a] / beta);
    }
    best /= best.sum();
    CHECK(at::allclose(policy().to(at::kDouble), best, 1e-3, 1e-4));
  }
}

TEST_CASE("an anchor in units of reward refuses advantages without a unit") {
  PolicyFixture f;
  CHECK_THROWS_WITH(
      f.method("ppo", Value::Table{{"kl_anchor", 0.1}, {"normalise_advantages", true}}),
      Contains("ppo: 'kl_anchor'") && Contains("normalise_advantages"));
}
