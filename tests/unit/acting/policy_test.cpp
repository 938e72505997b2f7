#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "acting/advantages.hpp"
#include "catch.hpp"
#include "regimes/shared/domain_mixture.hpp"
#include "regimes/shared/exploring_policy.hpp"
#include "unit/acting/tiny_worlds.hpp"
#include "unit/replicas.hpp"

using namespace spurion;

TEST_CASE("generalised advantages are those of a plain loop") {
  at::manual_seed(3);
  constexpr std::int64_t kReplicas = 2;
  constexpr std::int64_t kSteps = 7;
  constexpr std::int64_t kLanes = 3;
  const Tensor rewards = at::randn({kReplicas, kSteps, kLanes});
  const Tensor done = at::rand({kReplicas, kSteps, kLanes}).lt(0.3);
  const Tensor values = at::randn({kReplicas, kSteps + 1, kLanes});
  for (const auto& [discount, lambda] :
       {std::pair{0.9, 0.8}, std::pair{1.0, 1.0}, std::pair{0.5, 0.0}}) {
    const acting::Advantages found =
        acting::generalised_advantages({rewards, done, values}, discount, lambda);
    for (std::int64_t k = 0; k < kReplicas; ++k) {
      for (std::int64_t b = 0; b < kLanes; ++b) {
        for (std::int64_t t = 0; t < kSteps; ++t) {
          // The sum of discounted errors up to the end of the episode or of what is known.
          double sum = 0.0;
          double weight = 1.0;
          for (std::int64_t s = t; s < kSteps; ++s) {
            const bool over = done[k][s][b].item<bool>();
            const double next = over ? 0.0 : values[k][s + 1][b].item<double>();
            sum += weight * (rewards[k][s][b].item<double>() + discount * next -
                             values[k][s][b].item<double>());
            weight *= discount * lambda;
            if (over) break;
          }
          CHECK(found.advantage[k][t][b].item<double>() == Approx(sum).margin(1e-5));
          CHECK(found.returns[k][t][b].item<double>() ==
                Approx(sum + values[k][t][b].item<double>()).margin(1e-5));
        }
      }
    }
  }
}

TEST_CASE("a policy that explores has the stated probabilities") {
  const Tensor logits = at::tensor({2.0F, -1.0F, 30.0F, 0.0F, 0.0F, -40.0F}).reshape({1, 2, 3});
  for (const double floor : {0.0, 0.05, 1.0 / 3.0}) {
    const Tensor found = regimes::log_policy(logits, floor);
    for (std::int64_t row = 0; row < 2; ++row) {
      double total = 0.0;
      for (std::int64_t a = 0; a < 3; ++a) {
        total += std::exp(logits[0][row][a].item<double>() - 30.0);
      }
      double all = 0.0;
      for (std::int64_t a = 0; a < 3; ++a) {
        const double p = std::exp(logits[0][row][a].item<double>() - 30.0) / total;
        const double expected = floor + (1.0 - 3.0 * floor) * p;
        const double own = std::exp(found[0][row][a].item<double>());
        CHECK(own == Approx(expected).epsilon(1e-5));
        all += own;
      }
      CHECK(all == Approx(1.0).epsilon(1e-6));
    }
  }
  // Alone and among others the same bits.
  CHECK(tests::same_bits(regimes::log_policy(logits, 0.05).narrow(1, 1, 1),
                         regimes::log_policy(logits.narrow(1, 1, 1), 0.05)));
}

TEST_CASE("a mixture of domains moves to the highest regret, by the formula") {
  RegimeContext context;
  context.environments = {std::make_shared<tests::TwoArms>(3)};
  regimes::DomainMixture mixture(context, 0.4);
  CHECK(at::equal(mixture.weights(), at::ones({1, 3})));
  const double unknown = std::nan("");
  mixture.move(at::tensor({0.5, 0.75, unknown}, at::kDouble).unsqueeze(0));
  CHECK(at::equal(mixture.weights(), at::ones({1, 3})));  // one of the regrets is not known yet
  mixture.move(at::tensor({unknown, 0.25, 1.0}, at::kDouble).unsqueeze(0));
  // Regrets 0.5, 0.75 and 0, in units of 1 - 0.5, the optimal minus the random return.
  const double p[] = {std::exp(0.4 * 1.0), std::exp(0.4 * 1.5), 1.0};
  for (std::int64_t e = 0; e < 3; ++e) {
    CHECK(mixture.weights()[0][e].item<double>() ==
          Approx(3.0 * p[e] / (p[0] + p[1] + p[2])).epsilon(1e-6));
  }
}
