#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "environments/shared/exact_shares.hpp"
#include "environments/shared/two_readings.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::TwoReadings;
using tests::kTrain;
using tests::synthetic_world;

constexpr std::int64_t kRows = 20000;

double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

TEST_CASE("rows of the memorisation worlds are addressable") {
  CHECK(tests::rows_are_addressable("implicit_memorisation", {}));
  CHECK(tests::rows_are_addressable("explicit_memorisation", {{"noise_dimensions", 70}}));
  CHECK(tests::rows_are_addressable("explicit_memorisation", {{"noise_dimensions", 0}}));
}

TEST_CASE("groups of the memorisation worlds have the sizes of the source") {
  for (const char* name : {"implicit_memorisation", "explicit_memorisation"}) {
    CAPTURE(name);
    const auto world = synthetic_world(name);
    const auto sizes = [&](const Domain& domain, std::int64_t rows) {
      const Tensor group = world->sample(domain, kTrain, {0, rows}).group;
      std::vector<std::int64_t> counts;
      for (int g = 0; g < 4; ++g) counts.push_back(group.eq(g).sum().item<std::int64_t>());
      return counts;
    };
    using Sizes = std::vector<std::int64_t>;
    const Domain train = world->train_domains().front();
    for (const std::int64_t tens : {1, 7, 50}) {
      CHECK(sizes(train, 20 * tens) == Sizes{tens, 9 * tens, tens, 9 * tens});
      CHECK(sizes(world->test_domain(), 20 * tens) ==
            Sizes{5 * tens, 5 * tens, 5 * tens, 5 * tens});
    }
    CHECK(sizes(world->at(0.02), 3000) == Sizes{30, 1470, 30, 1470});
    CHECK(sizes(world->at(0.123), 4000) == Sizes{246, 1754, 246, 1754});
  }
}

TEST_CASE("stratified uniforms fill every tenth, hundredth, thousandth, in no order") {
  const environments::StratifiedUniforms uniforms(RandomKey(3));
  std::vector<double> all;
  for (std::int64_t turn = 0; turn < 20000; ++turn) all.push_back(uniforms(turn));
  for (const std::size_t size : {10, 100, 1000, 10000}) {
    for (std::size_t first = 0; first < all.size(); first += size) {
      std::vector<int> found(size, 0);
      for (std::size_t i = first; i < first + size; ++i) {
        ++found[static_cast<std::size_t>(all[i] * static_cast<double>(size))];
      }
      REQUIRE(std::all_of(found.begin(), found.end(), [](int count) { return count == 1; }));
    }
  }
  // Each place of ten has the lowest tenth as often as any other: 2000 blocks, four deviations.
  for (std::size_t place = 0; place < 10; ++place) {
    int lowest = 0;
    for (std::size_t i = place; i < all.size(); i += 10) lowest += all[i] < 0.1 ? 1 : 0;
    CHECK(std::abs(lowest - 200) < 4 * 13.5);
  }
}

TEST_CASE("implicit_memorisation reads the label by a noisy core, the attribute by a clear cue") {
  const auto world = synthetic_world("implicit_memorisation");
  const Sample rows = world->sample(world->train_domains().front(), kTrain, {0, kRows});
  const Tensor y = rows.y.to(at::kDouble) * 2 - 1;
  const Tensor a = rows.spurious.select(1, 0).to(at::kDouble);
  const Tensor core = rows.x.narrow(1, 0, 100).to(at::kDouble) - y.unsqueeze(1);
  const Tensor cue = rows.x.narrow(1, 100, 100).to(at::kDouble) - a.unsqueeze(1);
  // Two million draws each: the mean of N(0, s^2) is known to s / 1414, its square to s^2 / 1000.
  CHECK(std::abs(core.mean().item<double>()) < 4 * 10.0 / 1414);
  CHECK(core.pow(2).mean().item<double>() == Approx(100.0).epsilon(0.004));
  CHECK(std::abs(cue.mean().item<double>()) < 4 * 1.0 / 1414);
  CHECK(cue.pow(2).mean().item<double>() == Approx(1.0).epsilon(0.004));
  CHECK(a.ne(y).to(at::kDouble).mean().item<double>() == Approx(0.1));
  CHECK(at::equal(rows.group, 2 * rows.y + a.eq(y).to(at::kLong)));
  CHECK(at::equal(rows.causal, rows.x.narrow(1, 0, 100)));
}

TEST_CASE("the cue's coordinates alone change with the attribute") {
  const auto world = synthetic_world("implicit_memorisation");
  const Domain domain = world->test_domain();
  const Sample rows = world->sample(domain, kTrain, {0, 200});
  const Sample twin = world->sample(domain, kTrain, {0, 200}, Intervention::flip("attribute"));
  CHECK(at::equal(twin.x.narrow(1, 0, 100), rows.x.narrow(1, 0, 100)));
  CHECK(at::allclose(twin.x.narrow(1, 100, 100), rows.x.narrow(1, 100, 100) - 2 * rows.spurious,
                     1e-5, 1e-5));
  CHECK(at::equal(twin.spurious, -rows.spurious));
  CHECK(at::equal(twin.group, rows.group.bitwise_xor(1)));
  CHECK_FALSE(world->supports(Intervention::flip("core")));
  CHECK_FALSE(world->supports(Intervention::set("attribute", 0.5)));
}

TEST_CASE("explicit_memorisation: fewer noise coordinates are the first of more, scaled") {
  const auto few = synthetic_world("explicit_memorisation", {{"noise_dimensions", 50}});
  const auto many = synthetic_world("explicit_memorisation", {{"noise_dimensions", 200}});
  const Sample a = few->sample(few->test_domain(), kTrain, {3, 40});
  const Sample b = many->sample(many->test_domain(), kTrain, {3, 40});
  CHECK(at::equal(a.x.narrow(1, 0, 2), b.x.narrow(1, 0, 2)));
  CHECK(at::allclose(a.x.narrow(1, 2, 50), 2 * b.x.narrow(1, 2, 50), 1e-5, 1e-6));
  // E |noise|^2 = 1, whatever their number: 8000 draws, standard error .016.
  CHECK(b.x.narrow(1, 2, 200).pow(2).sum(1).mean().item<double>() == Approx(1.0).margin(0.065));
}

TEST_CASE("ceilings of the memorisation worlds at points where they have closed forms") {
  for (const char* name : {"implicit_memorisation", "explicit_memorisation"}) {
    const auto world = synthetic_world(name);
    const Ceilings neutral = world->ceilings(world->at(0.5));
    CHECK(neutral.invariant.value == Approx(0.8413447460685429).epsilon(1e-12));
    CHECK(neutral.bayes.value == Approx(neutral.invariant.value).epsilon(1e-12));
    CHECK(neutral.spurious_only.value == Approx(0.5).epsilon(1e-12));
    // Where the cue never lies it is one more reading: distances add in squares.
    CHECK(world->ceilings(world->at(0.0)).bayes.value ==
          Approx(normal_cdf(std::sqrt(101.0))).epsilon(1e-12));
    // The mirror image of a cue is as good as the cue.
    CHECK(world->ceilings(world->at(0.2)).bayes.value ==
          Approx(world->ceilings(world->at(0.8)).bayes.value).epsilon(1e-12));
    // At ten standard deviations the attribute is known: thresholds of +-log 9 / 2.
    const double half = 0.5 * std::log(9.0);
    const Ceilings test = world->ceilings(world->test_domain());
    REQUIRE(test.population_erm);
    CHECK(test.population_erm->value ==
          Approx(0.5 * normal_cdf(1 + half) + 0.5 * normal_cdf(1 - half)).epsilon(1e-12));
    CHECK(test.population_erm->error_bound < 1e-10);
  }
}

TEST_CASE("two readings: a cue read badly, too, and quadrature bounds that hold") {
  // A cue that never lies, by quadrature as any other.
  for (const double core : {0.05, 0.7, 3.0}) {
    for (const double cue : {0.02, 0.5, 2.0, 30.0}) {
      CAPTURE(core, cue);
      const TwoReadings readings(core, cue);
      const Ceiling both = readings.accuracy(0.0, 0.0);
      CHECK(std::abs(both.value - normal_cdf(std::hypot(core, cue))) <= both.error_bound + 1e-12);
      CHECK(both.error_bound < 1e-8);
      const double best = readings.accuracy(0.3, 0.3).value + 1e-12;
      CHECK(best >= readings.invariant().value);
      CHECK(best >= readings.cue_only(0.3, 0.3).value);
      CHECK(best >= readings.accuracy(0.3, 0.1).value);
    }
  }
  const TwoReadings readings(1.0, 2.0);
  CHECK(readings.log_odds(0.0, 0.1) == Approx(0.0).margin(1e-12));
  CHECK(readings.log_odds(1e6, 0.1) == Approx(std::log(9.0)));
  CHECK(readings.log_odds(-1e6, 0.1) == Approx(-std::log(9.0)));
  CHECK(readings.log_odds(0.3, 1.0) == Approx(-1.2));
  CHECK(readings.cue_only(0.2, 0.9).value ==
        Approx(0.8 * normal_cdf(-2.0) + 0.2 * normal_cdf(2.0)));
}

TEST_CASE("the memorisation worlds refuse what they cannot be") {
  CHECK_THROWS_AS(synthetic_world("implicit_memorisation", {{"disagreement", Value::List{}}}),
                  UsageError);
  CHECK_THROWS_AS(synthetic_world("explicit_memorisation", {{"cue_deviation", 0.0}}), UsageError);
  CHECK_THROWS_AS(synthetic_world("implicit_memorisation")->at(1.5), UsageError);
}

}  // namespace
}  // namespace spurion
