#include "environments/linear_unit_tests/linear_unit_tests.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "statistical/estimates.hpp"
#include "statistical/samples.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::example1_population;
using environments::Example1Population;
using tests::estimate;
using tests::Estimate;
using tests::gather;
using tests::LeastSquares;
using tests::synthetic_world;
using tests::train_samples;

constexpr std::int64_t kFitRows = 340000;  // of each of three train domains: a million in all
constexpr std::int64_t kScoredRows = 100000;

std::unique_ptr<Environment> unit_test(const std::string& example, std::uint64_t seed,
                                       Value::Table options = {}) {
  options["example"] = example;
  return synthetic_world("linear_unit_tests", std::move(options), seed);
}

/// A domain to look at: its train domains, and the share of rows whose cue was drawn anew.
struct Setting {
  Domain domain;
  std::vector<std::size_t> members;
  double shift;
};

std::vector<Setting> settings(const Environment& world) {
  std::vector<Setting> all;
  std::vector<std::size_t> everyone;
  for (const Domain& domain : world.train_domains()) {
    all.push_back({domain, {everyone.size()}, 0.0});
    everyone.push_back(everyone.size());
  }
  all.push_back({world.test_domain(), everyone, 1.0});
  for (const double shift : {0.0, 0.3, 0.7, 1.0}) {
    all.push_back({world.at(shift), everyone, shift});
  }
  all.push_back({{"half", 0.5, "half", {1.0}}, {1}, 0.5});
  all.push_back({{"full", 1.0, "full", {1.0}}, {1}, 1.0});
  return all;
}

Tensor blocks(const Sample& sample) {
  return at::cat({sample.causal, sample.spurious}, 1).to(at::kDouble);
}

/// Posterior mean of the label given the inputs but not the row's train domain, nor whether its
/// spurious block was drawn anew; from moments of samples, not from the world's constants.
class MixturePredictor {
 public:
  MixturePredictor(const std::vector<Sample>& train, const Setting& setting) {
    const auto share = 1.0 / static_cast<double>(setting.members.size());
    for (const std::size_t member : setting.members) {
      const Sample& sample = train[member];
      const std::int64_t split = sample.causal.size(1);
      const Tensor u = blocks(sample);
      const auto rows = static_cast<double>(u.size(0));
      Tensor inputs = u.t().matmul(u) / rows;
      Tensor cross = u.t().matmul(sample.y.to(at::kDouble)) / rows;
      if (setting.shift < 1) add((1 - setting.shift) * share, inputs, cross);
      if (setting.shift == 0) continue;
      inputs = inputs.clone();
      cross = cross.clone();
      inputs.slice(0, 0, split).slice(1, split).zero_();
      inputs.slice(0, split).slice(1, 0, split).zero_();
      cross.slice(0, split).zero_();
      add(setting.shift * share, inputs, cross);
    }
  }
  [[nodiscard]] Tensor predict(const Tensor& u) const {
    std::vector<Tensor> logs;
    std::vector<Tensor> means;
    for (const Part& part : parts_) {
      logs.push_back(part.log_scale - 0.5 * (u.matmul(part.precision) * u).sum(1));
      means.push_back(u.matmul(part.coefficients));
    }
    return (at::softmax(at::stack(logs, 1), 1) * at::stack(means, 1)).sum(1);
  }

 private:
  struct Part {
    double log_scale;
    Tensor precision;
    Tensor coefficients;
  };
  void add(double weight, const Tensor& inputs, const Tensor& cross) {
    const Tensor precision = at::linalg_inv(inputs);
    parts_.push_back({std::log(weight) - 0.5 * at::logdet(inputs).item<double>(), precision,
                      precision.matmul(cross)});
  }
  std::vector<Part> parts_;
};

TEST_CASE("Sampled errors of example 1 agree with every ceiling") {
  for (const std::string example : {"1", "1s"}) {
    const std::uint64_t seed = example == "1" ? 0 : 11;
    const auto world = unit_test(example, seed);
    const auto train = train_samples(*world, kFitRows);
    const Tensor y = gather(train, &Sample::y);
    const LeastSquares erm(gather(train, &Sample::x), y);
    const LeastSquares invariant(gather(train, &Sample::causal), y);
    const LeastSquares spurious(gather(train, &Sample::spurious), y);
    for (const Setting& setting : settings(*world)) {
      INFO("example " << example << ", " << setting.domain.name);
      const Sample test = world->sample(setting.domain, Split::test, {0, kScoredRows});
      const Ceilings c = world->ceilings(setting.domain);
      CHECK(estimate(erm.squared_errors(test.x, test.y)).agrees(*c.population_erm));
      CHECK(estimate(invariant.squared_errors(test.causal, test.y)).agrees(c.invariant));
      CHECK(estimate(spurious.squared_errors(test.spurious, test.y)).agrees(c.spurious_only));
      CHECK(estimate(test.y.to(at::kDouble).pow(2)).agrees(c.chance));
      const Tensor best = MixturePredictor(train, setting).predict(blocks(test));
      CHECK(estimate((best - test.y.to(at::kDouble)).pow(2)).agrees(c.bayes));
    }
  }
}

TEST_CASE("Least squares on a million rows of example 1 finds the population's coefficients") {
  const auto world = unit_test("1", 3);
  const auto train = train_samples(*world, kFitRows);
  const LeastSquares erm(gather(train, &Sample::x), gather(train, &Sample::y));
  const Example1Population population = example1_population({}, 3);
  const Tensor exact = at::tensor(population.weights, at::kDouble);
  CHECK((erm.weights - exact).abs().le(4 * erm.standard_errors).all().item<bool>());
}

TEST_CASE("Population ERM of example 1 over draws of the world agrees with the published one") {
  constexpr int kDraws = 1000;
  // E0, E1, E2, their mean; then the mean in distribution.
  Tensor values = at::zeros({kDraws, 5}, at::kDouble);
  auto table = values.accessor<double, 2>();
  for (int draw = 0; draw < kDraws; ++draw) {
    const Example1Population population = example1_population({}, static_cast<std::uint64_t>(draw));
    for (int d = 0; d < 3; ++d) {
      const auto i = static_cast<std::size_t>(d);
      table[draw][d] = population.test[i];
      table[draw][3] += population.test[i] / 3;
      table[draw][4] += population.in_distribution[i] / 3;
    }
  }
  // Aubin et al. over 50 data seeds, and the same closed form over 1000 draws of another generator.
  struct Published {
    double mean, deviation, draws;
  };
  const Published trained[] = {
      {1.62, 0.60, 50}, {14.25, 1.52, 50}, {24.22, 2.34, 50}, {13.36, 1.49, 50}};
  const Published closed[] = {
      {1.56, 0.55, 1000}, {14.27, 1.60, 1000}, {24.21, 2.49, 1000}, {13.35, 1.52, 1000}};
  for (std::int64_t column = 0; column < 4; ++column) {
    const double mean = values.select(1, column).mean().item<double>();
    const double deviation = values.select(1, column).std(false).item<double>();
    for (const Published& published : {trained[column], closed[column]}) {
      INFO("column " << column << ", mean " << mean << ", deviation " << deviation);
      const double standard_error = std::hypot(deviation / std::sqrt(1.0 * kDraws),
                                               published.deviation / std::sqrt(published.draws));
      CHECK(std::abs(mean - published.mean) < 4 * standard_error);
    }
    CHECK(deviation == Approx(closed[column].deviation).epsilon(0.1));
  }
  const Estimate linked = estimate(values.select(1, 4));
  CHECK(std::abs(linked.mean - 7.93) < 4 * std::sqrt(2.0) * linked.standard_error);
}

TEST_CASE("Sampled accuracies of example 2 agree with every ceiling") {
  // Ten coordinates never mislead; one does, and then the threshold matters.
  for (const std::int64_t width : {1, 5}) {
    const auto world = unit_test(
        "2", 5, {{"invariant_dimensions", width}, {"spurious_dimensions", width}, {"domains", 4}});
    const auto train = train_samples(*world, 100000);
    const Tensor y = gather(train, &Sample::y);
    const Tensor total = gather(train, &Sample::spurious).sum(1);
    // The best threshold on the background, by trial.
    double threshold = 0;
    double most = 0;
    for (double candidate = -0.5; candidate <= 0.5; candidate += 0.01) {
      const double right = total.gt(candidate).eq(y.eq(1)).sum().item<double>();
      if (right > most) threshold = candidate;
      most = std::max(most, right);
    }
    for (const Setting& setting : settings(*world)) {
      INFO("width " << width << ", " << setting.domain.name);
      const Sample test = world->sample(setting.domain, Split::test, {0, kScoredRows});
      const Ceilings c = world->ceilings(setting.domain);
      const Tensor one = test.y.eq(1);
      CHECK(test.causal.to(at::kDouble).sum(1).gt(0).eq(one).all().item<bool>());
      CHECK(c.bayes.value == 1.0);
      CHECK(c.invariant.value == 1.0);
      const Estimate reader = estimate(test.spurious.sum(1).gt(threshold).eq(one));
      // A threshold off by half a step costs less than this.
      CHECK(reader.agrees(c.spurious_only.value, 2e-4));
      const Estimate ones = estimate(one);
      CHECK((ones.agrees(c.chance) || ones.agrees(1 - c.chance)));
    }
  }
}

/// log P(spurious block | label) for labels 0 and 1 where it follows the label, [B, 2]; means of
/// the clusters come from samples.
Tensor cluster_logs(const std::vector<Sample>& train, const std::vector<std::size_t>& members,
                    const Tensor& z) {
  constexpr double kVariance = 0.01;
  std::vector<Tensor> zero;
  std::vector<Tensor> one;
  for (const std::size_t member : members) {
    const Tensor side = (1 - 2 * train[member].y).to(at::kDouble).unsqueeze(1);
    const Tensor mean = (train[member].spurious.to(at::kDouble) * side).mean(0);
    zero.push_back(-0.5 * (z - mean).pow(2).sum(1) / kVariance);
    one.push_back(-0.5 * (z + mean).pow(2).sum(1) / kVariance);
  }
  return at::stack({at::logsumexp(at::stack(zero, 1), 1), at::logsumexp(at::stack(one, 1), 1)}, 1);
}

TEST_CASE("Sampled accuracies of example 3 agree with every ceiling") {
  // With one spurious dimension and five domains some clusters of unlike labels overlap.
  for (const std::int64_t width : {1, 2, 5}) {
    for (const std::uint64_t seed : {1, 2}) {
      const std::int64_t domains = width == 5 ? 3 : 5;
      const auto world =
          unit_test("3", seed, {{"spurious_dimensions", width}, {"domains", domains}});
      const auto train = train_samples(*world, 50000);
      std::vector<std::size_t> everyone;
      for (std::size_t d = 0; d < train.size(); ++d) everyone.push_back(d);
      for (const Setting& setting : settings(*world)) {
        INFO("width " << width << ", seed " << seed << ", " << setting.domain.name);
        const Sample test = world->sample(setting.domain, Split::test, {0, kScoredRows / 2});
        const Ceilings c = world->ceilings(setting.domain);
        const Tensor one = test.y.eq(1);
        const Tensor z = test.spurious.to(at::kDouble);
        const Tensor invariant_logs = -20 * test.causal.to(at::kDouble).sum(1);
        CHECK(estimate(invariant_logs.gt(0).eq(one)).agrees(c.invariant));
        const Tensor pooled = cluster_logs(train, everyone, z);
        const Tensor reads_cue = pooled.select(1, 1).gt(pooled.select(1, 0));
        CHECK(estimate(reads_cue.eq(one)).agrees(c.spurious_only));
        // P(label | z): the clusters' say with probability 1 - e, a coin's otherwise.
        const Tensor own = at::softmax(cluster_logs(train, setting.members, z), 1);
        const Tensor given = (1 - setting.shift) * own + 0.5 * setting.shift;
        const Tensor odds = given.select(1, 1).log() - given.select(1, 0).log();
        CHECK(estimate((odds + invariant_logs).gt(0).eq(one)).agrees(c.bayes));
        CHECK(estimate(one).agrees(c.chance));
      }
    }
  }
}

TEST_CASE("The dial curve from twins agrees with sampling at five points") {
  const auto world = unit_test("1", 2);
  const Tensor weights = at::tensor(example1_population({}, 2).weights, at::kDouble);
  const auto errors = [&](const Domain& domain, const Intervention& intervention) {
    const Sample s = world->sample(domain, Split::test, {0, kScoredRows}, intervention);
    return (s.y.to(at::kDouble) - s.x.to(at::kDouble).matmul(weights)).pow(2);
  };
  const ShiftAxis::Mixture mixture = *world->info().shift_axis.mixture;
  const Tensor zero = errors(world->at(0.0), mixture.at_zero);
  const Tensor one = errors(world->at(0.0), mixture.at_one);
  for (const double shift : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const Tensor curve = (1 - shift) * zero + shift * one;
    const Tensor sampled = errors(world->at(shift), Intervention::none());
    CHECK(estimate(sampled - curve).agrees(0.0, 1e-9));
  }
}

}  // namespace
}  // namespace spurion
