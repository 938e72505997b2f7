#include <ATen/ATen.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "environments/availability/gaussian_pair.hpp"
#include "environments/availability/nested_embedding.hpp"
#include "environments/shared/numerics/normal.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::GaussianPair;
using environments::NestedEmbedding;
using environments::normal_quantile;
using tests::kTest;
using tests::synthetic_world;

TEST_CASE("normal_quantile inverts the distribution function") {
  for (const double p : {1e-12, 0.01, 0.3, 0.5, 0.9, 0.999}) {
    CHECK(environments::normal_cdf(normal_quantile(p)) == Approx(p).epsilon(1e-12));
  }
  CHECK(normal_quantile(0.9) == Approx(1.2815515655446004).epsilon(1e-12));
}

TEST_CASE("a pair of Gaussians: discriminant analysis in closed form") {
  const GaussianPair pair(1.2, {0.5});
  const Ceilings same = pair.ceilings(0.5);
  CHECK(same.bayes.value == Approx(environments::normal_cdf(1.3)));
  CHECK(same.population_erm->value == Approx(same.bayes.value));
  CHECK(same.invariant.value == Approx(environments::normal_cdf(1.2)));
  CHECK(same.spurious_only.value == Approx(environments::normal_cdf(0.5)));
  const Ceilings far = pair.ceilings(-0.5);
  CHECK(far.bayes.value == Approx(same.bayes.value));
  CHECK(far.population_erm->value == Approx(environments::normal_cdf((1.44 - 0.25) / 1.3)));
  CHECK(far.spurious_only.value == Approx(environments::normal_cdf(-0.5)));
}

TEST_CASE("a pair of Gaussians: quadrature over mixed domains agrees with the closed form") {
  // Two domains that hardly differ: the mixture is nearly the one domain between them.
  const GaussianPair one(1.2, {0.5});
  const GaussianPair two(1.2, {0.5 - 1e-6, 0.5 + 1e-6});
  CHECK(two.ceilings(-0.5).population_erm->exactness == Exactness::quadrature);
  CHECK(two.ceilings(-0.5).population_erm->value ==
        Approx(one.ceilings(-0.5).population_erm->value).epsilon(1e-8));
  CHECK(two.ceilings(-0.5).population_erm->error_bound < 1e-8);
  CHECK(two.optimal_flip_rate(0.5).value == Approx(one.optimal_flip_rate(0.5).value).margin(1e-6));
  // Equal features share the reliance evenly; a useless one has none.
  const Ceiling even = GaussianPair(0.7, {0.7}).optimal_flip_rate(0.7);
  CHECK(even.error_bound < 1e-6);
  CHECK(std::abs(even.value - 0.5) <= even.error_bound);
  CHECK(GaussianPair(0.7, {0.0}).optimal_flip_rate(0.0).value == Approx(0.0).margin(1e-12));
  CHECK(GaussianPair(0.7, {0.0}).ceilings(0.3).spurious_only.value == 0.5);
}

TEST_CASE("a nested embedding is as large as a plain one, and injective") {
  for (const std::int64_t depth : {0, 1, 3}) {
    CAPTURE(depth);
    const NestedEmbedding embedding(RandomKey(3), 8, depth);
    double sum = 0.0;
    double mass = 0.0;
    std::vector<float> shown(8);
    std::vector<float> before(8, -100.0F);
    for (double z = -5.0; z <= 5.0; z += 0.02) {
      embedding.show(z, 2.0, shown.data());
      double square = 0.0;
      double moved = 0.0;
      for (std::size_t j = 0; j < shown.size(); ++j) {
        square += shown[j] * shown[j];
        moved += std::abs(shown[j] - before[j]);
      }
      sum += std::exp(-0.5 * z * z) * square;
      mass += std::exp(-0.5 * z * z);
      CHECK(moved > 1e-5);
      before = shown;
    }
    CHECK(sum / mass == Approx(4.0).epsilon(1e-3));
  }
}

TEST_CASE("availability: latents have the predictivity they should") {
  CHECK(tests::rows_are_addressable("availability", {{"core_nesting", 2}}));
  const auto world = synthetic_world("availability", {{"core_predictivity", 0.85}});
  const Sample rows = world->sample(world->at(0.3), kTest, {0, 20000});
  const Tensor y = rows.y.to(at::kFloat) * 2 - 1;
  const auto agrees = [&](const Tensor& latent) {
    return (latent.select(1, 0) * y).gt(0).to(at::kDouble).mean().item<double>();
  };
  // 20,000 rows: four standard errors are .013.
  CHECK(agrees(rows.causal) == Approx(0.85).margin(0.013));
  CHECK(agrees(rows.spurious) == Approx(0.7).margin(0.013));
  CHECK((rows.causal.select(1, 0) - y * static_cast<float>(normal_quantile(0.85)))
            .std()
            .item<double>() == Approx(1.0).margin(0.02));
}

TEST_CASE("availability: mirroring a latent mirrors a plain feature and leaves the other") {
  const auto world = synthetic_world("availability", {{"core_nesting", 1}});
  const Domain domain = world->train_domains().front();
  const Sample own = world->sample(domain, kTest, {0, 100});
  const Sample twin = world->sample(domain, kTest, {0, 100}, Intervention::flip("shortcut"));
  CHECK(at::equal(own.causal, twin.causal));
  CHECK(at::equal(own.spurious, -twin.spurious));
  CHECK(at::equal(own.x.narrow(1, 0, 16), twin.x.narrow(1, 0, 16)));
  CHECK(at::equal(own.x.narrow(1, 16, 16), -twin.x.narrow(1, 16, 16)));
  const Sample aligned = world->sample(domain, kTest, {0, 100}, Intervention::align("shortcut"));
  CHECK((aligned.spurious.select(1, 0) * (aligned.y.to(at::kFloat) * 2 - 1))
            .gt(0)
            .all()
            .item<bool>());
  const Sample set = world->sample(domain, kTest, {0, 100}, Intervention::set("core", 0.75));
  CHECK(set.causal.eq(0.75).all().item<bool>());
  CHECK(at::equal(set.spurious, own.spurious));
}

TEST_CASE("availability: amplification changes the size of a feature and no latent") {
  const auto small = synthetic_world("availability", {{"shortcut_amplification", 1.0}});
  const auto large = synthetic_world("availability", {{"shortcut_amplification", 8.0}});
  const Sample a = small->sample(small->test_domain(), kTest, {0, 50});
  const Sample b = large->sample(large->test_domain(), kTest, {0, 50});
  CHECK(at::equal(a.spurious, b.spurious));
  CHECK(at::allclose(a.x.narrow(1, 16, 16) * 8.0, b.x.narrow(1, 16, 16)));
  CHECK(at::equal(a.x.narrow(1, 0, 16), b.x.narrow(1, 0, 16)));
}

TEST_CASE("availability: the best predictor's reliance") {
  const auto world = synthetic_world(
      "availability", {{"core_predictivity", 0.8}, {"train_shifts", Value::List{0.2}}});
  const auto rate = world->optimal_flip_rate(world->train_domains().front());
  REQUIRE(rate.has_value());
  CHECK(*rate == Approx(0.5).margin(1e-6));
  CHECK_THROWS_AS(synthetic_world("availability", {{"train_shifts", Value::List{0.2, 0.7}}}),
                  UsageError);
  CHECK_THROWS_AS(world->at(0.0), UsageError);
}

TEST_CASE("availability: what no reader could tell apart is refused") {
  struct Options {
    const char* name;
    std::int64_t width;
    std::int64_t nesting;
  };
  for (const Options& one : {Options{"core_nesting", 1, 6}, Options{"core_nesting", 1, 1},
                             Options{"shortcut_nesting", 2, 10}, Options{"core_nesting", 3, 10},
                             Options{"shortcut_nesting", 4, 4}}) {
    CAPTURE(one.name, one.width, one.nesting);
    CHECK_THROWS_WITH(
        synthetic_world("availability", {{"width", one.width}, {one.name, one.nesting}}),
        Catch::Contains("'" + std::string(one.name) + "' of availability must be below 'width'"));
  }
  CHECK_NOTHROW(synthetic_world("availability", {{"width", 1}}));
  CHECK_NOTHROW(synthetic_world("availability", {{"width", 11}, {"core_nesting", 10}}));
  // With the deepest that is allowed nearly every value is shown in its own way.
  for (const std::int64_t width : {2, 3, 5}) {
    const auto world =
        synthetic_world("availability", {{"width", width}, {"core_nesting", width - 1}});
    const Sample rows = world->sample(world->test_domain(), kTest, {0, 2000});
    const Tensor shown = rows.x.narrow(1, 0, width).contiguous();
    std::set<std::vector<float>> distinct;
    for (std::int64_t i = 0; i < 2000; ++i) {
      const float* row = shown.data_ptr<float>() + i * width;
      distinct.emplace(row, row + width);
    }
    CHECK(distinct.size() > 1900);
  }
}

}  // namespace
}  // namespace spurion
