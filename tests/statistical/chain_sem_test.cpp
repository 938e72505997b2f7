#include "environments/chain_sem/chain_sem.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "statistical/estimates.hpp"
#include "statistical/samples.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::ChainSem;
using environments::ChainSemOptions;
using tests::estimate;
using tests::gather;
using tests::LeastSquares;
using tests::train_samples;

constexpr std::int64_t kTestRows = 50000;

ChainSemOptions set_up(int number) {
  ChainSemOptions options;
  options.hidden = (number & 1) != 0;
  options.heteroskedastic = (number & 2) != 0;
  options.scrambled = (number & 4) != 0;
  options.setup_ones = number != 7;  // Gaussian paths in one of them
  return options;
}

TEST_CASE("Sampled errors of chain_sem agree with every ceiling in every set-up") {
  for (int number = 0; number < 8; ++number) {
    const ChainSem world(set_up(number),
                         EnvironmentContext{static_cast<std::uint64_t>(number), {}});
    const auto train = train_samples(world, 50000);
    const Tensor y = gather(train, &Sample::y);
    const LeastSquares erm(gather(train, &Sample::x), y);
    const LeastSquares spurious(gather(train, &Sample::spurious), y);
    std::vector<Domain> domains = world.train_domains();
    domains.push_back(world.test_domain());
    domains.push_back(world.at(1.0));
    for (const Domain& domain : domains) {
      INFO(world.info().title << ", " << domain.name);
      const Sample own = world.sample(domain, Split::validation, {0, kTestRows});
      const Sample test = world.sample(domain, Split::test, {0, kTestRows});
      const Ceilings c = world.ceilings(domain);
      const auto error = [&](const LeastSquares& fit, const Tensor& inputs) {
        return estimate(fit.squared_errors(inputs, test.y));
      };
      CHECK(error(LeastSquares(own.x, own.y), test.x).agrees(c.bayes));
      CHECK(error(LeastSquares(own.causal, own.y), test.causal).agrees(c.invariant));
      CHECK(error(spurious, test.spurious).agrees(c.spurious_only));
      CHECK(error(erm, test.x).agrees(*c.population_erm));
      CHECK(estimate(test.y.to(at::kDouble).pow(2)).agrees(c.chance));
      // Resampling keeps the marginal of z and breaks its link to the label.
      const Sample twin =
          world.sample(domain, Split::test, {0, kTestRows}, Intervention::resample("z"));
      const auto marginal = estimate(own.spurious.select(1, 0).pow(2));
      CHECK(estimate(twin.spurious.select(1, 0).pow(2))
                .agrees(marginal.mean, 4 * marginal.standard_error));
      CHECK(estimate(twin.spurious.sum(1) * twin.y).agrees(0.0));
    }
  }
}

TEST_CASE("Least squares on a million rows of chain_sem finds the population's coefficients") {
  for (const int number : {0, 2, 5, 7}) {
    const ChainSem world(set_up(number), EnvironmentContext{1, nullptr});
    const auto train = train_samples(world, 340000);
    const LeastSquares erm(gather(train, &Sample::x), gather(train, &Sample::y));
    const Tensor exact = at::tensor(world.population_erm_weights(), at::kDouble);
    INFO(world.info().title);
    CHECK((erm.weights - exact).abs().le(4 * erm.standard_errors).all().item<bool>());
  }
}

TEST_CASE("Least squares on as many rows as the archived runs errs as they do") {
  // Arjovsky et al.: 1,000 rows of each of three domains, 200 runs, mean and population deviation.
  struct Published {
    bool hidden, heteroskedastic;
    double causal, causal_deviation, noncausal, noncausal_deviation;
  };
  const Published rows[] = {{false, false, 0.00909, 0.00139, 0.00898, 0.00102},
                            {false, true, 0.82076, 0.01378, 0.82071, 0.01109},
                            {true, true, 0.77380, 0.04750, 0.77416, 0.03808}};
  constexpr int kRuns = 200;
  for (const Published& published : rows) {
    ChainSemOptions options;
    options.hidden = published.hidden;
    options.heteroskedastic = published.heteroskedastic;
    Tensor errors = at::zeros({kRuns, 2}, at::kDouble);
    for (int run = 0; run < kRuns; ++run) {
      const ChainSem world(options, EnvironmentContext{static_cast<std::uint64_t>(run), nullptr});
      const auto train = train_samples(world, 1000);
      const LeastSquares erm(gather(train, &Sample::x), gather(train, &Sample::y));
      const auto named = world.coefficient_errors(erm.weights.unsqueeze(0));
      errors[run][0] = named[0].second[0];
      errors[run][1] = named[1].second[0];
    }
    // Four standard errors of the difference of two means over 200 runs each.
    const double factor = 4 * std::sqrt(2.0 / kRuns);
    INFO(errors.mean(0)[0].item<double>() << " and " << errors.mean(0)[1].item<double>());
    CHECK(std::abs(errors.mean(0)[0].item<double>() - published.causal) <
          factor * published.causal_deviation);
    CHECK(std::abs(errors.mean(0)[1].item<double>() - published.noncausal) <
          factor * published.noncausal_deviation);
  }
}

}  // namespace
}  // namespace spurion
