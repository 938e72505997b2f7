// The factors that the width of a model gives its parameter blocks (Yang et al. 2022, table 3), and
// what the optimisers and the own blocks of methods make of them.
#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <utility>

#include "catch.hpp"
#include "engine/learning_rates.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/own_block.hpp"
#include "unit/replicas.hpp"

using namespace spurion;
using engine::LrSegment;
using engine::UpdateRule;

namespace {

constexpr double kMultiplier = 8.0;
constexpr std::int64_t kNumbers = 6;

ParameterLayout one_block(WidthRole role) {
  return {kNumbers, {{"a", {kNumbers}, 0, BlockRole::weights, {role, kMultiplier}}}, 0};
}

LrSegment factors_of(WidthRole role, UpdateRule rule, const LrMultipliers& multipliers = {}) {
  const auto segments = engine::lr_segments(multipliers, one_block(role), rule);
  REQUIRE(segments.size() == 1);
  CHECK(segments.front().count == kNumbers);
  return segments.front();
}

/// Parameters after some updates with made-up gradients.
Tensor trained(const OptimizerOptions& options, WidthRole role) {
  at::manual_seed(4);
  Tensor parameters = at::randn({1, kNumbers});
  Optimizer optimizer(options, 1, one_block(role));
  const Tensor active = at::ones({1}, at::kBool);
  for (int update = 0; update < 4; ++update) {
    optimizer.step(parameters, 1e-3 * at::randn({1, kNumbers}), active);
  }
  return parameters;
}

bool near(const Tensor& a, const Tensor& b) { return at::allclose(a, b, 1e-6, 1e-9); }

}  // namespace

TEST_CASE("blocks have the factors of the maximal-update parametrisation") {
  const double m = kMultiplier;
  CHECK(factors_of(WidthRole::input, UpdateRule::sgd).multiplier == m);
  CHECK(factors_of(WidthRole::hidden, UpdateRule::sgd).multiplier == 1.0);
  CHECK(factors_of(WidthRole::output, UpdateRule::sgd).multiplier == 1.0 / m);
  CHECK(factors_of(WidthRole::input, UpdateRule::adam).multiplier == 1.0);
  CHECK(factors_of(WidthRole::hidden, UpdateRule::adam).multiplier == 1.0 / m);
  CHECK(factors_of(WidthRole::output, UpdateRule::adam).multiplier == 1.0 / m);
  CHECK(factors_of(WidthRole::input, UpdateRule::adam).epsilon == 1.0 / m);
  CHECK(factors_of(WidthRole::hidden, UpdateRule::adam).epsilon == 1.0 / m);
  CHECK(factors_of(WidthRole::output, UpdateRule::adam).epsilon == 1.0);
  for (const UpdateRule rule : {UpdateRule::sgd, UpdateRule::adam}) {
    const LrSegment fixed = factors_of(WidthRole::fixed, rule);
    CHECK(fixed.multiplier == 1.0);
    CHECK(fixed.epsilon == 1.0);
    for (const WidthRole role : {WidthRole::input, WidthRole::hidden, WidthRole::output}) {
      CHECK(factors_of(role, rule).decay == 1.0);
      // They multiply with those that a suite gives.
      const LrSegment both = factors_of(role, rule, {{"a", 3.0}});
      CHECK(both.multiplier == 3.0 * factors_of(role, rule).multiplier);
      CHECK(both.decay == 3.0);
    }
  }
}

TEST_CASE("an optimiser takes the factors of the width for rate and epsilon, not for the decay") {
  const WidthRole role = GENERATE(WidthRole::input, WidthRole::hidden, WidthRole::output);
  OptimizerOptions options;
  options.learning_rate = 0.01;
  options.epsilon = 1e-3;
  options.momentum = 0.9;
  for (const char* name : {"sgd", "sgdw", "adam", "adamw"}) {
    CAPTURE(name, static_cast<int>(role));
    options.name = name;
    options.weight_decay = 0.0;
    const bool sgd = std::string(name).compare(0, 3, "sgd") == 0;
    const LrSegment factors = factors_of(role, sgd ? UpdateRule::sgd : UpdateRule::adam);
    OptimizerOptions scaled = options;
    scaled.learning_rate = 0.01 * factors.multiplier;
    scaled.epsilon = 1e-3 * factors.epsilon;
    CHECK(near(trained(options, role), trained(scaled, WidthRole::fixed)));
    // Rate times decay stays as it is, but for adam's L2 term, which stays in the gradient.
    options.weight_decay = 0.5;
    scaled.weight_decay = std::string(name) == "adam" ? 0.5 : 0.5 / factors.multiplier;
    CHECK(near(trained(options, role), trained(scaled, WidthRole::fixed)));
  }
}

TEST_CASE("networks of a method on features follow the width of the model") {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at("mlp");
  const auto model_of = [&](std::int64_t width, const char* parametrisation) {
    Problems problems;
    const Value options = entry.schema.normalise(
        Value::Table{{"width", width}, {"parametrisation", parametrisation}}, "mlp", problems);
    problems.raise();
    return entry.make({options}, ModelContext{{5}, 1});
  };
  MethodContext context;
  context.input_shape = {5};
  context.keys = tests::keys(1);
  const OwnPerceptron adversary("adversary", {2, 1, 16});
  const OwnPerceptron projection("projection", {256, 1, 512, true});
  const auto wide = model_of(256, "mup");
  CHECK(feature_multiplier(*wide) == 4.0);
  const OwnBlock own = adversary.block(PerceptronInputs::of(*wide, context, 3), context);
  REQUIRE(own.layout.blocks.size() == 4);
  CHECK(own.layout.blocks[0].width.role == WidthRole::output);
  for (std::size_t i = 1; i < 4; ++i) CHECK(own.layout.blocks[i].width.role == WidthRole::fixed);
  // As many inputs as at the base width, 64 features and 3 others: their bound, over 4.
  const Tensor first = own.initial.narrow(1, 0, 259 * 16).abs().max();
  CHECK(first.item<double>() == Approx(1.0 / std::sqrt(67.0) / 4.0).epsilon(0.01));
  const OwnBlock grown = projection.block(PerceptronInputs::of(*wide, context), context);
  CHECK(grown.layout.blocks[0].width.role == WidthRole::hidden);
  CHECK(grown.layout.blocks[1].width.role == WidthRole::input);
  CHECK(grown.layout.blocks[2].width.role == WidthRole::hidden);
  // A second model has the blocks of the first.
  CHECK(second_model("twin", *wide, context).layout.blocks[0].width.role == WidthRole::input);
  // At the base width, and in the standard parametrisation, nothing is different.
  for (const auto& [width, name] : {std::pair(64, "mup"), std::pair(256, "standard")}) {
    const auto plain = model_of(width, name);
    const OwnBlock same = adversary.block(PerceptronInputs::of(*plain, context), context);
    CHECK(same.layout.blocks.empty());
    CHECK(at::equal(same.initial, adversary.block(width, context).initial));
  }
}
