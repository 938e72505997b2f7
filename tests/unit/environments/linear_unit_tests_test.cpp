#include "environments/linear_unit_tests/linear_unit_tests.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "catch.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::example1_population;
using environments::Example1Population;
using environments::LinearUnitTestsOptions;
using tests::kTest;
using tests::same_sample;
using tests::synthetic_world;

const std::vector<std::string> kExamples = {"1", "2", "3", "1s", "2s", "3s"};

std::unique_ptr<Environment> unit_test(const std::string& example, std::uint64_t seed = 0,
                                       Value::Table options = {}) {
  options["example"] = example;
  return synthetic_world("linear_unit_tests", std::move(options), seed);
}

/// Domain `number` alone with its spurious block drawn anew in a share `shift` of rows.
Domain alone(std::int64_t number, double shift) {
  return {"alone", shift, "alone", {static_cast<double>(number)}};
}

/// [B] whether rows of two [B, n] tensors differ anywhere.
Tensor rows_differ(const Tensor& a, const Tensor& b) { return a.ne(b).any(1); }

TEST_CASE("linear_unit_tests describes itself") {
  for (const std::string& example : kExamples) {
    const auto world = unit_test(example, 0, {{"domains", 5}, {"spurious_dimensions", 3}});
    const EnvironmentInfo& info = world->info();
    CHECK(info.graph.defect().empty());
    CHECK(info.task == (example.front() == '1' ? Task::regression : Task::binary));
    CHECK(info.groups == (example.front() == '1' ? 0 : 4));
    CHECK(info.input_shape == Shape{8});
    CHECK(info.shift_axis.points.size() == 11);
    REQUIRE(info.shift_axis.mixture.has_value());
    const auto domains = world->train_domains();
    REQUIRE(domains.size() == 5);
    for (const Domain& domain : domains) CHECK(domain.shift == 0.0);
    CHECK(world->test_domain().shift == 1.0);
    CHECK(world->at(0.3).name == "shift=0.3");
    CHECK(world->supports(Intervention::resample("spurious")));
    CHECK_FALSE(world->supports(Intervention::flip("spurious")));
    CHECK_FALSE(world->supports(Intervention::resample("invariant")));
    const Sample sample = world->sample(world->test_domain(), kTest, {0, 20});
    CHECK(sample.x.sizes() == at::IntArrayRef({20, 8}));
    CHECK(sample.causal.sizes() == at::IntArrayRef({20, 5}));
    CHECK(sample.spurious.sizes() == at::IntArrayRef({20, 3}));
    CHECK(sample.y.scalar_type() == (info.groups == 0 ? at::kFloat : at::kLong));
    CHECK(sample.group.defined() == (info.groups == 4));
  }
}

TEST_CASE("linear_unit_tests refuses what it does not have") {
  const auto world = unit_test("1");
  CHECK_THROWS_AS(unit_test("4"), UsageError);
  CHECK_THROWS_AS(unit_test("1", 0, {{"domains", 0}}), UsageError);
  CHECK_THROWS_AS(world->at(1.5), UsageError);
  CHECK_THROWS_AS(world->ceilings({"x", -0.1, "x", {}}), UsageError);
  CHECK_THROWS_AS(world->sample(alone(3, 0.0), kTest, {0, 1}), UsageError);
  CHECK_THROWS_AS(world->sample(world->at(0.5), kTest, {0, 1}, Intervention::flip("spurious")),
                  UsageError);
}

TEST_CASE("Rows of linear_unit_tests are addressable") {
  for (const std::string& example : kExamples) {
    CHECK(tests::rows_are_addressable("linear_unit_tests", {{"example", example}}));
  }
}

TEST_CASE("Resampling and the dial change the spurious block only, with shared noise") {
  for (const std::string& example : kExamples) {
    const auto world = unit_test(example, 3);
    const Intervention resample = Intervention::resample("spurious");
    const RowRange rows{5, 400};
    const Sample base = world->sample(world->at(0.0), kTest, rows);
    const Sample broken = world->sample(world->at(1.0), kTest, rows);
    CHECK(at::equal(base.y, broken.y));
    CHECK(at::equal(base.causal, broken.causal));
    CHECK(rows_differ(base.spurious, broken.spurious).all().item<bool>());
    // The twin at one end is the other end.
    CHECK(same_sample(world->sample(world->at(0.0), kTest, rows, resample), broken));
    // A row that the shift broke already gets a draw of its own.
    const Sample twice = world->sample(world->at(1.0), kTest, rows, resample);
    CHECK(rows_differ(twice.spurious, broken.spurious).all().item<bool>());
    CHECK(rows_differ(twice.spurious, base.spurious).all().item<bool>());
    // In between each row is at one end or the other, and raising e only breaks more of them.
    Tensor before = at::zeros({rows.count}, at::kBool);
    for (const double shift : {0.2, 0.5, 0.8}) {
      const Sample middle = world->sample(world->at(shift), kTest, rows);
      CHECK(at::equal(middle.causal, base.causal));
      const Tensor moved = rows_differ(middle.spurious, base.spurious);
      CHECK(at::equal(moved, rows_differ(middle.spurious, broken.spurious).logical_not()));
      CHECK(before.logical_and(moved.logical_not()).sum().item<int>() == 0);
      // Four standard deviations of a binomial.
      CHECK(std::abs(moved.sum().item<double>() / 400 - shift) < 4 * 0.025);
      before = moved;
    }
  }
}

TEST_CASE("A scrambled example shows the same rows, rotated") {
  for (const std::string example : {"1", "2", "3"}) {
    const auto plain = unit_test(example, 4);
    const auto scrambled = unit_test(example + "s", 4);
    const Sample a = plain->sample(plain->test_domain(), kTest, {0, 200});
    const Sample b = scrambled->sample(scrambled->test_domain(), kTest, {0, 200});
    CHECK(at::equal(a.y, b.y));
    CHECK(at::equal(a.causal, b.causal));
    CHECK(at::equal(a.spurious, b.spurious));
    CHECK(at::equal(a.x, at::cat({a.causal, a.spurious}, 1)));
    CHECK_FALSE(at::allclose(a.x, b.x, 0.1, 0.1));
    const Tensor u = a.x.to(at::kDouble);
    const Tensor v = b.x.to(at::kDouble);
    CHECK(at::allclose(u.matmul(u.t()), v.matmul(v.t()), 1e-5, 1e-5));
    const Ceilings c = plain->ceilings(plain->at(0.4));
    const Ceilings d = scrambled->ceilings(scrambled->at(0.4));
    CHECK(c.bayes.value == d.bayes.value);
    CHECK(c.spurious_only.value == d.spurious_only.value);
  }
}

TEST_CASE("Rows of the test domain take turns among the train domains") {
  const auto world = unit_test("1", 1);
  const Tensor x = world->sample(world->test_domain(), kTest, {1, 9000}).causal;
  // Row 1 comes first, so turns start with train domain 1; 15,000 normals each.
  const std::vector<double> scales = {1.5, 2.0, 0.1};
  for (std::int64_t turn = 0; turn < 3; ++turn) {
    const double deviation = x.slice(0, turn, 9000, 3).std().item<double>();
    const double scale = scales[static_cast<std::size_t>(turn)];
    CHECK(std::abs(deviation / scale - 1) < 4 / std::sqrt(2.0 * 15000));
  }
}

TEST_CASE("Labels and groups of the binary examples fit the blocks") {
  const auto cows = unit_test("2", 2);
  const Sample sample = cows->sample(cows->at(0.3), kTest, {0, 2000});
  CHECK(at::equal(sample.y, sample.causal.to(at::kDouble).sum(1).gt(0).to(at::kLong)));
  const Tensor cue = sample.spurious.sum(1).gt(0).to(at::kLong);
  CHECK(at::equal(sample.group, 2 * sample.y + cue.eq(sample.y).to(at::kLong)));

  const auto margins = unit_test("3", 2);
  const Domain domain = margins->train_domains()[0];
  const Sample linked = margins->sample(domain, kTest, {0, 2000});
  CHECK(at::equal(linked.group, 2 * linked.y + 1));
  CHECK(linked.causal.index({linked.y.eq(0)}).mean().item<double>() ==
        Approx(0.1).epsilon(0).margin(0.01));
  const Sample twin = margins->sample(domain, kTest, {0, 2000}, Intervention::resample("spurious"));
  const double agree = twin.group.remainder(2).to(at::kDouble).mean().item<double>();
  CHECK(std::abs(agree - 0.5) < 4 * 0.5 / std::sqrt(2000.0));
}

TEST_CASE("Labels of example 3 are exact halves, as in the source") {
  for (const std::int64_t domains : {2, 3, 6}) {
    const auto world = unit_test("3", 7, {{"domains", domains}});
    std::vector<Domain> each = world->train_domains();
    each.push_back(alone(1, 0.5));
    for (const Domain& domain : each) {
      for (const std::int64_t rows : {2, 50, 1000}) {
        const Sample sample = world->sample(domain, kTest, {0, rows});
        CHECK(2 * sample.y.sum().item<std::int64_t>() == rows);
      }
    }
    // In the test domain the domains take turns; each of them has its halves, whatever is even.
    const Tensor y = world->sample(world->test_domain(), kTest, {0, 20 * domains}).y;
    for (std::int64_t turn = 0; turn < domains; ++turn) {
      CHECK(y.slice(0, turn, 20 * domains, domains).sum().item<std::int64_t>() == 10);
    }
    // No learner may read the label off a row's number.
    const Tensor even = world->sample(each[0], kTest, {0, 2000}).y.slice(0, 0, 2000, 2);
    CHECK(std::abs(even.to(at::kDouble).mean().item<double>() - 0.5) < 4 * 0.5 / std::sqrt(1000.0));
  }
}

TEST_CASE("linear_unit_tests without a spurious block know what is left") {
  for (const std::string& example : kExamples) {
    CAPTURE(example);
    const auto world = unit_test(example, 2, {{"spurious_dimensions", 0}});
    const Sample rows = world->sample(world->test_domain(), kTest, {0, 30});
    CHECK(rows.x.sizes() == at::IntArrayRef({30, 5}));
    CHECK(rows.spurious.sizes() == at::IntArrayRef({30, 0}));
    const Intervention resample = Intervention::resample("spurious");
    CHECK(at::equal(world->sample(world->test_domain(), kTest, {0, 30}, resample).x, rows.x));
    std::vector<Domain> domains = world->train_domains();
    domains.push_back(world->test_domain());
    domains.push_back(world->at(0.5));
    for (const Domain& domain : domains) {
      const Ceilings c = world->ceilings(domain);
      CHECK(c.bayes.value == c.invariant.value);
      CHECK(c.bayes.exactness == Exactness::closed_form);
      // Without inputs the best that a model can learn is a constant.
      const double constant = example.front() == '1' ? c.chance : 0.5;
      CHECK(c.spurious_only.value == Approx(constant).epsilon(1e-12));
      if (c.population_erm) {
        CHECK(c.population_erm->value == Approx(c.invariant.value).epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("Example 1 has the published closed forms") {
  const auto world = unit_test("1");
  const std::vector<double> oracle = {0.05, 11.25, 20.0};
  const Example1Population population = example1_population({}, 0);
  for (std::int64_t d = 0; d < 3; ++d) {
    const auto i = static_cast<std::size_t>(d);
    const Ceilings shifted = world->ceilings(alone(d, 1.0));
    CHECK(shifted.invariant.value == Approx(oracle[i]).epsilon(1e-12));
    CHECK(shifted.bayes.value == Approx(oracle[i]).epsilon(1e-12));
    CHECK(population.invariant[i] == Approx(oracle[i]).epsilon(1e-12));
    REQUIRE(shifted.population_erm.has_value());
    CHECK(shifted.population_erm->value == Approx(population.test[i]).epsilon(1e-12));
    const Ceilings linked = world->ceilings(world->train_domains()[i]);
    CHECK(linked.population_erm->value == Approx(population.in_distribution[i]).epsilon(1e-12));
    CHECK(linked.bayes.exactness == Exactness::closed_form);
    CHECK(linked.bayes.value <= linked.invariant.value);
    CHECK(linked.bayes.value <= linked.population_erm->value);
  }
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(test.invariant.value == Approx(31.3 / 3).epsilon(1e-12));
  const double mean = (population.test[0] + population.test[1] + population.test[2]) / 3;
  CHECK(test.population_erm->value == Approx(mean).epsilon(1e-12));
}

TEST_CASE("Example 1 without a spurious link worth the name has an invariant ERM") {
  // One dimension and one domain: W, V scalars, so everything follows by hand.
  LinearUnitTestsOptions options;
  options.invariant_dimensions = 1;
  options.spurious_dimensions = 1;
  options.domains = 1;
  const Example1Population population = example1_population(options, 5);
  // Given x, t has variance s^2 and z = t V + N(0, 1): w_z = V s^2 / (1 + V^2 s^2),
  // w_x = W (1 - V w_z), residual s^2 / (1 + V^2 s^2).
  const double w_x = population.weights[0];
  const double w_z = population.weights[1];
  const double residual = population.in_distribution[0];
  const double square = 0.01;
  const double v = w_z / residual;
  CHECK(residual == Approx(square / (1 + v * v * square)).epsilon(1e-10));
  const double w = w_x / (1 - v * w_z);
  const double z_variance = v * v * square * (w * w + 1) + 1;
  const double shifted = square * ((w - w_x) * (w - w_x) + 1) + w_z * w_z * z_variance;
  CHECK(population.test[0] == Approx(shifted).epsilon(1e-10));
}

TEST_CASE("Example 2 has the published closed forms") {
  const auto world = unit_test("2");
  const std::vector<double> test_error = {0.428, 0.5, 0.4216};
  const std::vector<double> train_error = {0.05, 0.03, 0.01};
  for (std::int64_t d = 0; d < 3; ++d) {
    const auto i = static_cast<std::size_t>(d);
    CHECK(1 - world->ceilings(alone(d, 1.0)).spurious_only.value ==
          Approx(test_error[i]).epsilon(0).margin(1e-10));
    CHECK(1 - world->ceilings(world->train_domains()[i]).spurious_only.value ==
          Approx(train_error[i]).epsilon(0).margin(1e-10));
  }
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(1 - test.spurious_only.value == Approx(0.44987).epsilon(0).margin(5e-6));
  CHECK(test.bayes.value == 1.0);
  CHECK(test.invariant.value == 1.0);
  CHECK(test.chance == Approx(0.5).epsilon(0).margin(1e-12));
  CHECK_FALSE(test.population_erm.has_value());
  const auto two = unit_test("2", 0, {{"domains", 2}});
  CHECK(1 - two->ceilings(two->test_domain()).spurious_only.value ==
        Approx(0.464).epsilon(0).margin(1e-10));
}

TEST_CASE("Example 3 has the published closed forms") {
  const auto world = unit_test("3");
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(1 - test.bayes.value == Approx(0.012674).epsilon(0).margin(5e-7));
  CHECK(1 - test.invariant.value == Approx(0.0126736593387).epsilon(0).margin(1e-12));
  CHECK(test.spurious_only.value == 0.5);
  CHECK_FALSE(test.population_erm.has_value());
  // Clusters far apart: the spurious block decides, or a coin with the invariant block's help.
  const Ceilings linked = world->ceilings(world->at(0.0));
  CHECK(linked.bayes.value == Approx(1.0).epsilon(0).margin(1e-12));
  CHECK(linked.spurious_only.value == Approx(1.0).epsilon(0).margin(1e-12));
  CHECK(world->ceilings(world->at(0.25)).spurious_only.value ==
        Approx(0.875).epsilon(0).margin(1e-12));
}

TEST_CASE("Ceilings of linear_unit_tests are ordered along the dial and meet its ends") {
  for (const std::string example : {"1", "2", "3"}) {
    // One spurious dimension makes clusters of example 3 overlap.
    for (const std::int64_t width : {1, 5}) {
      const auto world = unit_test(example, 6, {{"spurious_dimensions", width}, {"domains", 4}});
      const double sign = world->info().score() == Score::accuracy ? 1.0 : -1.0;
      for (const double shift : world->info().shift_axis.points) {
        const Ceilings c = world->ceilings(world->at(shift));
        const double best = sign * c.bayes.value + c.bayes.error_bound;
        CHECK(best >= sign * c.invariant.value);
        CHECK(best + c.spurious_only.error_bound >= sign * c.spurious_only.value);
        if (c.population_erm) CHECK(best >= sign * c.population_erm->value);
      }
      const Ceilings one = world->ceilings(world->at(1.0));
      const Ceilings test = world->ceilings(world->test_domain());
      CHECK(one.bayes.value == test.bayes.value);
      CHECK(test.bayes.value == test.invariant.value);
    }
  }
}

}  // namespace
}  // namespace spurion
