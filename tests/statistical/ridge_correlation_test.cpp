// What ridge regression and random features learn of correlated features, against theory. Trained
// on few rows; the error of what was trained is computed exactly from the moments of the
// population, so that the only noise is that of the training rows. Fixed seeds.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "environments/shared/ceilings/ridge_equivalent.hpp"
#include "methods/shared/ridge_solution.hpp"
#include "spurion/run.hpp"
#include "statistical/estimates.hpp"
#include "statistical/samples.hpp"

namespace spurion {
namespace {

using environments::Matrix;
using environments::Moments;
using environments::Vector;
using methods::RidgeRows;
using methods::RidgeSolution;
using tests::Estimate;
using tests::gather;
using tests::train_samples;

constexpr std::int64_t kCores = 20;
constexpr double kAmplitude = 2.0;
constexpr double kNoise = 0.5;
constexpr double kTrain[] = {0.9, 0.8};
constexpr double kTestShift = -0.9;

/// The mechanism of the card, once more.
Moments population(double rho) {
  const double share = 1.0 / std::sqrt(static_cast<double>(kCores));
  Moments out;
  out.inputs = environments::identity(2 * kCores);
  for (std::int64_t j = 0; j < kCores; ++j) {
    out.inputs(kCores + j, kCores + j) = kAmplitude * kAmplitude;
    out.inputs(j, kCores + j) = out.inputs(kCores + j, j) = rho * kAmplitude;
  }
  out.cross.assign(kCores, share);
  out.cross.resize(2 * kCores, rho * kAmplitude * share);
  out.target = 1.0 + kNoise * kNoise;
  return out;
}

/// A world of this name and seed.
std::unique_ptr<Environment> world_of(const std::string& name, std::uint64_t seed) {
  static const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at(name);
  Problems problems;
  const Value options = entry.schema.normalise(Value(Value::Table{}), name, problems);
  return entry.make({options}, EnvironmentContext{seed, nullptr});
}

/// Errors in and out of distribution.
struct Errors {
  double id = 0.0;
  double test = 0.0;
};

/// Those of fixed coefficients, exactly.
Errors errors_of(const RidgeSolution& fit, const std::vector<Moments>& train, const Moments& test) {
  const auto error = [&](const Moments& where) {
    return environments::squared_error(where, fit.weights) + fit.bias[0] * fit.bias[0];
  };
  Errors out;
  for (const Moments& one : train) out.id += error(one) / static_cast<double>(train.size());
  out.test = error(test);
  return out;
}

/// A ridge regression on rows of every train domain; `directions` undefined: on the inputs.
RidgeSolution fitted(std::uint64_t seed, std::int64_t rows, double l2, const Tensor& directions) {
  const auto world = world_of("ridge_correlation", seed);
  const auto samples = train_samples(*world, rows);
  Tensor x = gather(samples, &Sample::x).to(at::kDouble);
  if (directions.defined()) x = x.matmul(directions.to(at::kDouble)).relu();
  x = x.contiguous();
  const Tensor y = gather(samples, &Sample::y).to(at::kDouble).contiguous();
  RidgeRows problem;
  problem.features = x.size(1);
  problem.intercept = !directions.defined();
  problem.x.assign(x.data_ptr<double>(), x.data_ptr<double>() + x.numel());
  problem.y.assign(y.data_ptr<double>(), y.data_ptr<double>() + y.numel());
  problem.weight.assign(static_cast<std::size_t>(y.numel()), 1.0);
  return methods::ridge_solution(std::move(problem), l2);
}

Estimate mean_of(const std::vector<double>& values) {
  return tests::estimate(at::tensor(values, at::kDouble));
}

/// Theory is within 3.5 standard errors of the mean over seeds, beside its own stated error. Of
/// some thirty comparisons one beyond 3.5 is expected in about one of sixty runs.
void check_theory(const std::vector<double>& found, const TheoryNumber& theory) {
  const Estimate mean = mean_of(found);
  CAPTURE(mean.mean, mean.standard_error, theory.value, theory.error);
  CHECK(std::abs(mean.mean - theory.value) <= 3.5 * mean.standard_error + theory.error);
  // Beside its error the prediction is worth something.
  CHECK(theory.error < 0.1 * (1.0 + std::abs(theory.value)));
}

Theory theory_of(const TheoryRequest& request) {
  const auto world = world_of("ridge_correlation", 0);
  std::vector<Domain> domains = world->train_domains();
  domains.push_back(world->test_domain());
  const auto theory = world->theory(request, domains);
  REQUIRE(theory.has_value());
  REQUIRE(theory->scores.size() == 3);
  return *theory;
}

/// Seeds of one set-up against what theory says of it.
void check_seeds(const TheoryRequest& request, int seeds) {
  const Theory theory = theory_of(request);
  std::vector<Moments> train = {population(kTrain[0]), population(kTrain[1])};
  Moments test = population(kTestShift);
  Vector spurious_cross = environments::average(train).cross;
  std::fill_n(spurious_cross.begin(), kCores, 0.0);
  if (request.directions.defined()) {
    const Tensor dense = request.directions.to(at::kDouble).contiguous();
    Matrix directions(dense.size(0), dense.size(1));
    std::copy_n(dense.data_ptr<double>(), dense.numel(), directions.row(0));
    for (Moments& one : train) one = environments::rectified_moments(one, directions);
    test = environments::rectified_moments(test, directions);
    spurious_cross = product(transpose(directions), spurious_cross);
    for (double& one : spurious_cross) one *= 0.5;
  }
  std::vector<double> id;
  std::vector<double> out;
  std::vector<double> correlation;
  for (int seed = 0; seed < seeds; ++seed) {
    const RidgeSolution fit =
        fitted(static_cast<std::uint64_t>(seed), request.rows, request.fit.l2, request.directions);
    const Errors errors = errors_of(fit, train, test);
    id.push_back(errors.id);
    out.push_back(errors.test);
    correlation.push_back(environments::dot(fit.weights, spurious_cross));
  }
  const TheoryNumber expected{0.5 * (theory.scores[0].value + theory.scores[1].value),
                              0.5 * (theory.scores[0].error + theory.scores[1].error)};
  check_theory(id, expected);
  check_theory(out, theory.scores[2]);
  check_theory(correlation, *theory.spurious_correlation);
}

TEST_CASE("ridge_correlation: random_features follow the exact ridge curve along width") {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at("random_features");
  for (const std::int64_t width : {8, 16, 32, 64, 128, 256}) {
    CAPTURE(width);
    Problems problems;
    const Value options =
        entry.schema.normalise(Value(Value::Table{{"width", width}}), "model", problems);
    const auto model = entry.make({options}, ModelContext{{2 * kCores}, 1});
    TheoryRequest request;
    request.form = TheoryRequest::Form::fixed_features;
    request.directions = model->fixed_directions();
    request.fit = {KnownFit::Kind::ridge, 0.01};
    request.rows = 60;
    check_seeds(request, 24);
  }
}

TEST_CASE("ridge_correlation: ridge regression follows its exact curve along l2 and rows") {
  for (const double l2 : {0.001, 0.1, 1.0, 10.0}) {
    for (const std::int64_t rows : {40, 200}) {
      CAPTURE(l2, rows);
      TheoryRequest request;
      request.fit = {KnownFit::Kind::ridge, l2};
      request.rows = rows;
      check_seeds(request, 48);
    }
  }
}

TEST_CASE("Sampled moments of ridge_correlation agree with its ceilings") {
  const auto world = world_of("ridge_correlation", 3);
  const auto train = train_samples(*world, 20000);
  const Tensor y = gather(train, &Sample::y);
  const tests::LeastSquares erm(gather(train, &Sample::x), y);
  const tests::LeastSquares spurious(gather(train, &Sample::spurious), y);
  for (const Domain& domain : tests::domains_of(*world, {0.4})) {
    INFO(domain.name);
    const Sample test = world->sample(domain, Split::test, {0, 20000});
    const Ceilings c = world->ceilings(domain);
    const Tensor truth = test.causal.to(at::kDouble).sum(1) / std::sqrt(1.0 * kCores);
    CHECK(tests::estimate((test.y - truth).pow(2)).agrees(c.bayes));
    CHECK(tests::estimate(erm.squared_errors(test.x, test.y)).agrees(*c.population_erm));
    CHECK(tests::estimate(spurious.squared_errors(test.spurious, test.y))
              .agrees(c.spurious_only.value, 0.02));
    CHECK(tests::estimate(test.y.to(at::kDouble).pow(2)).agrees(c.chance));
    const Sample twin =
        world->sample(domain, Split::test, {0, 20000}, Intervention::resample("spurious"));
    CHECK(tests::estimate(twin.spurious.select(1, 0) * twin.causal.select(1, 0)).agrees(0.0));
    CHECK(tests::estimate(twin.spurious.select(1, 0).pow(2)).agrees(kAmplitude * kAmplitude));
  }
}

TEST_CASE("a run stores what theory predicts beside what it measures") {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const auto trials = Suite::parse(R"(
name = "s"
seeds = 12
[[experiment]]
name = "e"
environment = { name = "ridge_correlation" }
method = { name = "ridge", l2 = 0.05 }
regime = { name = "offline" }
training = { steps = 1, rows = 60 }
evaluation = { rows = 400, training_rows = 0 }
[experiment.grid]
model = [{ name = "linear" }, { name = "random_features", width = 32 }]
)",
                                   "s.toml")
                          .trials(catalog);
  std::map<std::string, std::vector<double>> off;
  for (const Pack& pack : plan(trials, catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      std::map<std::pair<std::string, std::string>, double> numbers;
      for (const Measurement& row : result.measurements) {
        numbers[{row.domain, row.metric}] = row.value;
      }
      const auto difference = [&](const char* domain, const char* measured, const char* theory) {
        off[result.spec.model.name + " " + domain + " " + measured].push_back(
            numbers.at({domain, measured}) - numbers.at({domain, theory}));
      };
      difference("in_distribution", "loss", "theory_score");
      difference("test", "loss", "theory_score");
      difference("test", "gap", "theory_gap");
      CHECK(numbers.at({"test", "theory_gap"}) ==
            Approx(numbers.at({"test", "theory_score"}) -
                   numbers.at({"in_distribution", "theory_score"})));
      if (result.spec.model.name == "linear") {
        difference("coefficients", "spurious_correlation", "theory_spurious_correlation");
      }
    }
  }
  CHECK(off.size() == 7);
  for (const auto& [name, values] : off) {
    const Estimate mean = mean_of(values);
    CAPTURE(name, mean.mean, mean.standard_error);
    CHECK(values.size() == 12);
    CHECK(std::abs(mean.mean) <= 4.0 * mean.standard_error + 0.05);
  }
}

TEST_CASE("least squares on the rows of example 1 and of the chain errs as theory says") {
  for (const char* name : {"linear_unit_tests", "chain_sem"}) {
    for (const std::int64_t rows : {20, 80}) {
      CAPTURE(name, rows);
      std::vector<double> off;
      double stated = 0.0;
      for (std::uint64_t seed = 0; seed < 24; ++seed) {
        const auto world = world_of(name, seed);
        const auto samples = train_samples(*world, rows);
        const Tensor x = gather(samples, &Sample::x).to(at::kDouble).contiguous();
        const Tensor y = gather(samples, &Sample::y).to(at::kDouble).contiguous();
        RidgeRows problem;
        problem.features = x.size(1);
        problem.x.assign(x.data_ptr<double>(), x.data_ptr<double>() + x.numel());
        problem.y.assign(y.data_ptr<double>(), y.data_ptr<double>() + y.numel());
        problem.weight.assign(static_cast<std::size_t>(y.numel()), 1.0);
        const RidgeSolution fit = methods::ridge_solution(std::move(problem), 0.0);
        TheoryRequest request;
        request.rows = rows;
        const std::vector<Domain> domains = {world->test_domain()};
        const auto theory = world->theory(request, domains);
        REQUIRE(theory.has_value());
        const Sample test = world->sample(domains[0], Split::test, {0, 4000});
        const Tensor error = (test.y.to(at::kDouble) - fit.bias[0] -
                              test.x.to(at::kDouble).matmul(at::tensor(fit.weights, at::kDouble)))
                                 .pow(2)
                                 .mean();
        off.push_back(error.item<double>() / theory->scores[0].value - 1.0);
        stated += theory->scores[0].error / theory->scores[0].value / 24.0;
      }
      const Estimate mean = mean_of(off);
      CAPTURE(mean.mean, mean.standard_error, stated);
      CHECK(mean.agrees(0.0, stated));
      CHECK(stated < 0.25);
    }
  }
}

}  // namespace
}  // namespace spurion
