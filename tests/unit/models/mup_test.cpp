// The maximal-update parametrisation of models: the same as the standard one at the base width,
// first weights that shrink as they should, and activations that do not depend on the width.
#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "catch.hpp"
#include "conformance/width_check.hpp"
#include "spurion/catalog.hpp"
#include "unit/replicas.hpp"

using namespace spurion;
using namespace spurion::conformance;
using spurion::tests::keys;
using spurion::tests::same_bits;

namespace {

/// A model with a width, and rows that it reads.
struct Scaled {
  const char* name;
  const char* option;
  Shape input;
  Value options;  ///< beside width and parametrisation
};

std::vector<Scaled> scaled_models() {
  return {{"mlp", "width", {12}, Value::Table{{"initialisation", "torch"}}},
          {"mlp", "width", {12}, Value::Table{{"normalisation", "layer"}}},
          {"mlp", "width", {12}, Value::Table{{"activation", "tanh"}}},
          {"cnn", "channels", {2, 4, 4}, Value::Table{{"groups", 4}}},
          {"gru", "width", {5, 6}, Value::Table{{"depth", 2}}},
          {"causal_transformer", "width", {5, 6}, Value::Table{{"depth", 1}}}};
}

std::unique_ptr<Model> made(const Scaled& scaled, std::int64_t width, const char* parametrisation,
                            std::int64_t base) {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at(scaled.name);
  Value options = scaled.options;
  options.as_table()[scaled.option] = width;
  options.as_table()["parametrisation"] = parametrisation;
  options.as_table()["base_width"] = base;
  Problems problems;
  const Value all = entry.schema.normalise(options, scaled.name, problems);
  problems.raise();
  return entry.make({all}, ModelContext{scaled.input, 1});
}

/// Rows whose label depends on two inputs.
WidthRows made_up_rows(const Shape& input) {
  at::manual_seed(11);
  Shape shape = input;
  shape.insert(shape.begin(), {1, 32});
  const Tensor x = at::randn(shape);
  const Tensor flat = x.flatten(2);
  const Tensor y = (flat.select(2, 0) + 0.5 * flat.select(2, 7)).gt(0).to(at::kLong);
  return {Task::binary, 1, x, y.unsqueeze(1)};
}

WidthStudy study_of(const Scaled& scaled, const char* parametrisation, const char* optimizer) {
  WidthStudy study;
  study.model = scaled.name;
  study.options = scaled.options;
  study.options.as_table()["parametrisation"] = parametrisation;
  study.options.as_table()["base_width"] = std::int64_t{16};
  study.width_option = scaled.option;
  study.widths = {16, 64};
  study.optimizer.name = optimizer;
  study.optimizer.learning_rate = std::string(optimizer) == "sgd" ? 0.3 : 0.02;
  study.seeds = 5;
  study.batch_rows = 16;
  return study;
}

}  // namespace

TEST_CASE("at the base width mup is the standard parametrisation, to the bit") {
  for (const Scaled& scaled : scaled_models()) {
    CAPTURE(scaled.name);
    const auto standard = made(scaled, 24, "standard", 64);
    const auto mup = made(scaled, 24, "mup", 24);
    const Tensor parameters = standard->initialise(keys(2));
    CHECK(same_bits(parameters, mup->initialise(keys(2))));
    Shape shape = scaled.input;
    shape.insert(shape.begin(), {1, 7});
    const Tensor x = at::randn(shape);
    CHECK(same_bits(standard->forward(parameters, x).logits, mup->forward(parameters, x).logits));
    for (const ParameterBlock& block : standard->layout()) {
      CHECK(block.width.role == WidthRole::fixed);
    }
  }
}

TEST_CASE("first weights shrink with the width by the role of their block") {
  for (const Scaled& scaled : scaled_models()) {
    const auto narrow = made(scaled, 16, "mup", 16);
    const auto wide = made(scaled, 64, "mup", 16);
    const Tensor a = narrow->initialise(keys(1));
    const Tensor b = wide->initialise(keys(1));
    for (std::size_t i = 0; i < wide->layout().size(); ++i) {
      const ParameterBlock& block = wide->layout()[i];
      const ParameterBlock& base = narrow->layout()[i];
      CAPTURE(scaled.name, block.name);
      const auto most = [](const Tensor& all, const ParameterBlock& of) {
        return all.narrow(1, of.offset, element_count(of.shape)).abs().max().item<double>();
      };
      const double before = most(a, base);
      if (before == 0.0 || element_count(base.shape) < 16) continue;
      const double expected = block.width.role == WidthRole::hidden   ? 0.5
                              : block.width.role == WidthRole::output ? 0.25
                                                                      : 1.0;
      CHECK(most(b, block) / before == Approx(expected).epsilon(0.15));
    }
  }
}

TEST_CASE("layers have the same names at every width, and give the logits last") {
  for (const Scaled& scaled : scaled_models()) {
    CAPTURE(scaled.name);
    const auto model = made(scaled, 16, "standard", 64);
    const Tensor parameters = model->initialise(keys(2));
    Shape shape = scaled.input;
    shape.insert(shape.begin(), {1, 3});
    const Tensor x = at::randn(shape);
    const auto layers = model->layer_activations(parameters, x);
    REQUIRE(layers.size() >= 3);
    for (const LayerActivation& layer : layers) CHECK(layer.values.size(0) == 2);
    CHECK(layers.back().layer == "logits");
    CHECK(at::allclose(layers.back().values, model->forward(parameters, x).logits, 1e-4, 1e-5));
  }
}

TEST_CASE("the coordinate check is flat with mup and not in the standard parametrisation") {
  const Catalog catalog = builtin_catalog();
  const char* optimizer = GENERATE("adam", "sgd");
  for (const Scaled& scaled : scaled_models()) {
    // Convolutions take most of the time, and sgd's rules are the same for all models.
    if (std::string(optimizer) == "sgd" && std::string(scaled.name) == "cnn") continue;
    const WidthRows rows = made_up_rows(scaled.input);
    const auto slopes = [&](const char* parametrisation) {
      const WidthStudy study = study_of(scaled, parametrisation, optimizer);
      const auto layers = activations_by_width(catalog, study, rows, 3);
      std::map<std::string, std::pair<double, double>> all;
      for (const LayerSizes& layer : layers) {
        all[layer.layer] = {width_slope(study.widths, layer.values.back()),
                            width_slope(study.widths, layer.changes.back())};
      }
      return std::pair(is_flat(study.widths, layers), all);
    };
    const auto mup = slopes("mup");
    CAPTURE(scaled.name, optimizer, mup.second);
    CHECK(mup.first);
    const auto standard = slopes("standard");
    CAPTURE(standard.second);
    CHECK_FALSE(standard.first);
  }
}

TEST_CASE("slopes and losses by width are judged") {
  const std::vector<std::int64_t> widths = {16, 64, 256};
  CHECK(width_slope(widths, {{1.0}, {2.0}, {4.0}}) == Approx(0.5));
  CHECK(width_slope(widths, {{3.0, 1.0}, {2.0, 2.0}, {1.0, 3.0}}) == Approx(0.0).margin(1e-12));
  CHECK(std::isnan(width_slope(widths, {{1.0}, {0.0}, {4.0}})));
  using Values = std::vector<std::vector<double>>;
  const Values level = {{1.0}, {1.1}, {1.0}};
  const Values falls = {{4.0}, {2.0}, {1.0}};
  const Values grows = {{1.0}, {2.0}, {4.0}};
  const auto trend = [&](const char* name, const Values& after, const Values& change) {
    return trend_of(widths, LayerSizes{name, {level, after}, {level, change}});
  };
  CHECK(trend("layer0", level, level) == WidthTrend::flat);
  CHECK(trend("layer0", level, falls) == WidthTrend::flat);
  CHECK(trend("layer0", grows, level) == WidthTrend::steep);
  CHECK(trend("layer0", level, grows) == WidthTrend::steep);
  CHECK(trend("layer0", falls, level) == WidthTrend::steep);
  CHECK(trend("logits", falls, level) == WidthTrend::falls);  // before they have learned
  CHECK(trend("block0.scores", falls, falls) == WidthTrend::falls);
  CHECK(trend("logits", falls, grows) == WidthTrend::steep);
  CHECK(trend("layer0", Values{{1.0}, {INFINITY}, {1.0}}, level) == WidthTrend::steep);
  CHECK(improves_with_width({{0.5, 0.5}, {0.4, 0.41}, {0.3, 0.31}}));
  CHECK_FALSE(improves_with_width({{0.5, 0.5}, {0.1, 0.1001}, {0.3, 0.3001}}));
  CHECK_FALSE(improves_with_width({{0.5, 0.5}, {0.4, 0.4}, {INFINITY, 0.3}}));
  CHECK(best_width({{0.5}, {0.2}, {0.4}}) == 1);
}
