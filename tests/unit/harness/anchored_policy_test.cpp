#include "harness/measure/anchored_policy.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "harness/measure/reference_divergence.hpp"

using namespace spurion;
using harness::AnchoredPolicy;

namespace {

/// One replica in one state with three actions.
Tensor one_state(const std::vector<double>& numbers) {
  return at::tensor(numbers, at::kDouble).reshape({1, 1, -1});
}

ReferenceModel anchored(double beta, double entropy_bonus) {
  ReferenceModel reference;
  reference.anchor = at::full({1}, beta, at::kDouble);
  if (entropy_bonus > 0.0) reference.entropy_bonus = at::full({1}, entropy_bonus, at::kDouble);
  return reference;
}

}  // namespace

TEST_CASE("the anchored optimum is the posterior pi_0 exp(r / beta) / Z") {
  const std::vector<double> prior = {0.5, 0.3, 0.2};
  const std::vector<double> reward = {0.1, 0.7, -0.4};
  const double beta = 0.25;
  std::vector<double> weights;
  double total = 0.0;
  for (std::size_t a = 0; a < prior.size(); ++a) {
    weights.push_back(prior[a] * std::exp(reward[a] / beta));
    total += weights.back();
  }
  const Tensor best =
      harness::anchored_optimum(one_state(prior).log(), one_state(reward), anchored(beta, 0.0));
  for (std::size_t a = 0; a < prior.size(); ++a) {
    CHECK(best[0][0][static_cast<std::int64_t>(a)].item<double>() ==
          Approx(std::log(weights[a] / total)).epsilon(1e-13));
  }
}

TEST_CASE("no policy does better than the anchored optimum, with an entropy bonus too") {
  const Tensor prior = one_state({0.5, 0.3, 0.2});
  const Tensor reward = one_state({0.1, 0.7, -0.4});
  const double beta = 0.4;
  const double bonus = 0.15;
  const auto objective = [&](const Tensor& log_p) {
    const Tensor p = log_p.exp();
    return (p * (reward - beta * (log_p - prior.log()) - bonus * log_p)).sum().item<double>();
  };
  const Tensor best = harness::anchored_optimum(prior.log(), reward, anchored(beta, bonus));
  CHECK(best.exp().sum().item<double>() == Approx(1.0).epsilon(1e-13));
  at::manual_seed(1);
  for (int i = 0; i < 20; ++i) {
    const Tensor other = (best + 0.1 * at::randn({1, 1, 3}, at::kDouble)).log_softmax(2);
    CHECK(objective(other) < objective(best));
  }
}

TEST_CASE("distances of policies are means over the states that count") {
  AnchoredPolicy scores(anchored(0.5, 0.0));
  const Tensor sure = at::tensor({20.0, 0.0}, at::kDouble).reshape({1, 1, 2});
  const Tensor even = at::zeros({1, 1, 2}, at::kDouble);
  const Tensor nothing = at::zeros({1, 1, 2}, at::kDouble);
  const Tensor counts = at::ones({1, 1}, at::kBool);
  scores.add({sure, even, nothing, counts});
  scores.add({even, even, nothing, counts});
  scores.add({sure, sure, nothing, counts.logical_not()});
  harness::MetricValues values;
  scores.put(values);
  const auto value = [&](const char* name) { return values.at(name)[0].item<double>(); };
  CHECK(value("collapsed_states") == 0.5);
  CHECK(value("policy_entropy") == Approx(0.5 * std::log(2.0)).margin(1e-6));
  CHECK(value("prior_entropy") == Approx(std::log(2.0)));
  CHECK(value("prior_divergence") == Approx(0.5 * std::log(2.0)).margin(1e-6));
  // Rewards that are the same for all actions: the optimum is pi_0.
  CHECK(value("optimum_divergence") == Approx(value("prior_divergence")).epsilon(1e-12));
  CHECK(value("prior_optimum_divergence") == Approx(0.0).margin(1e-12));
}

TEST_CASE("divergences of predictions are those of their distributions") {
  const Tensor a = at::tensor({0.3, -1.2}, at::kFloat).reshape({1, 2, 1});
  const Tensor b = at::tensor({-0.4, 0.9}, at::kFloat).reshape({1, 2, 1});
  // A binary prediction is one of two classes with logits 0 and z.
  const auto two = [](const Tensor& z) { return at::cat({at::zeros_like(z), z}, 2); };
  const Tensor binary = harness::row_divergence(Task::binary, a, b);
  CHECK(at::allclose(binary, harness::row_divergence(Task::multiclass, two(a), two(b)), 0, 1e-12));
  for (std::int64_t row = 0; row < 2; ++row) {
    const double p = 1.0 / (1.0 + std::exp(-a[0][row][0].item<double>()));
    const double q = 1.0 / (1.0 + std::exp(-b[0][row][0].item<double>()));
    CHECK(binary[0][row].item<double>() ==
          Approx(p * std::log(p / q) + (1.0 - p) * std::log((1.0 - p) / (1.0 - q))));
  }
  CHECK(harness::row_divergence(Task::regression, a, b)[0][1].item<double>() == Approx(2.1 * 2.1));
  CHECK(harness::parameter_distance(at::zeros({1, 4}), at::full({1, 4}, 3.0F))[0].item<double>() ==
        3.0);
}
