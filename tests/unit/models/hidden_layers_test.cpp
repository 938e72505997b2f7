// What models show of their hidden layers, and what follows if that is changed.
#include <ATen/ATen.h>

#include <map>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "unit/replicas.hpp"

using namespace spurion;
using spurion::tests::moved;
using spurion::tests::same_bits;

namespace {

struct Shown {
  std::string name;
  Value options;
  Shape input_shape;
};

std::vector<Shown> shown_models() {
  const auto integer = [](std::int64_t value) { return Value(value); };
  return {
      {"mlp", Value::Table{{"width", integer(5)}, {"depth", integer(2)}}, {6}},
      {"mlp", Value::Table{{"width", integer(5)}, {"normalisation", "layer"}}, {6}},
      {"mlp", Value::Table{{"width", integer(5)}, {"activation", "tanh"}}, {6}},
      {"mlp",
       Value::Table{{"width", integer(5)}, {"activation", "gelu"}, {"normalisation", "batch"}},
       {6}},
      {"cnn", Value::Table{{"channels", integer(4)}, {"groups", integer(2)}}, {2, 6, 6}},
      {"cnn",
       Value::Table{{"channels", integer(4)}, {"groups", integer(2)}, {"normalisation", "batch"}},
       {2, 6, 6}},
      {"gru", Value::Table{{"width", integer(4)}, {"depth", integer(2)}}, {5, 3}},
      {"causal_transformer",
       Value::Table{{"width", integer(8)}, {"depth", integer(2)}, {"heads", integer(2)}},
       {5, 3}}};
}

std::unique_ptr<Model> make(const Shown& shown) {
  static const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at(shown.name);
  Problems problems;
  const Value options = entry.schema.normalise(shown.options, shown.name, problems);
  problems.raise();
  return entry.make({options}, ModelContext{shown.input_shape, 2});
}

Tensor rows_for(const Shown& shown) {
  Shape shape = shown.input_shape;
  shape.insert(shape.begin(), {1, 7});
  return at::randn(shape);
}

}  // namespace

TEST_CASE("models show each hidden layer of rows, and go on with what it becomes") {
  at::manual_seed(3);
  for (const Shown& shown : shown_models()) {
    CAPTURE(shown.name, shown.options.canonical_json());
    const auto model = make(shown);
    const Tensor parameters = moved(*model, 3);
    const Tensor x = rows_for(shown);
    const Output plain = model->forward(parameters, x);
    std::vector<std::string> seen;
    Tensor last;
    const Output same =
        model->forward_visited(parameters, x, [&](const std::string& layer, const Tensor& values) {
          seen.push_back(layer);
          last = values;
          CHECK(values.size(0) == 3);
          CHECK(values.size(1) == 7);
          return values;
        });
    CHECK(seen == model->hidden_layers());
    CHECK(at::allclose(same.logits, plain.logits, 1e-3, 1e-4));
    // What one layer shows decides the rest: nothing of the rows goes around it.
    for (const std::string& layer : model->hidden_layers()) {
      CAPTURE(layer);
      const Output cut =
          model->forward_visited(parameters, x, [&](const std::string& name, const Tensor& values) {
            return name == layer ? at::zeros_like(values) : values;
          });
      CHECK_FALSE(at::allclose(cut.logits, plain.logits));
      CHECK(at::allclose(cut.logits.select(1, 0), cut.logits.select(1, 6), 1e-4, 1e-5));
    }
    CHECK_THROWS_AS(model->forward_visited(parameters, x,
                                           [](const std::string& /*layer*/, const Tensor& values) {
                                             return values.narrow(1, 0, 1);
                                           }),
                    PluginError);
  }
}

TEST_CASE("hidden layers and stages of a replica are the same bits alone and among others") {
  at::manual_seed(4);
  for (const Shown& shown : shown_models()) {
    CAPTURE(shown.name, shown.options.canonical_json());
    const auto model = make(shown);
    const Tensor parameters = moved(*model, 3);
    const Tensor x = rows_for(shown);
    const auto layers = [&](const Tensor& own) {
      std::vector<Tensor> all;
      const Output output =
          model->forward_visited(own, x, [&](const std::string& /*layer*/, const Tensor& values) {
            all.push_back(values);
            return values;
          });
      all.push_back(output.logits);
      if (model->has_stages()) all.push_back(model->stage_logits(own, x));
      return all;
    };
    const at::NoGradGuard no_grad;
    const std::vector<Tensor> together = layers(parameters);
    for (std::int64_t k = 0; k < 3; ++k) {
      const std::vector<Tensor> alone = layers(parameters.narrow(0, k, 1));
      for (std::size_t i = 0; i < alone.size(); ++i) {
        CHECK(same_bits(alone[i], together[i].narrow(0, k, 1)));
      }
    }
  }
}

TEST_CASE("stages read the last layer out of earlier states") {
  at::manual_seed(5);
  for (const Shown& shown : shown_models()) {
    const auto model = make(shown);
    CAPTURE(shown.name);
    const bool sequences = shown.name == "gru" || shown.name == "causal_transformer";
    CHECK(model->has_stages() == sequences);
    if (!sequences) continue;
    const Tensor parameters = moved(*model, 1);
    const Tensor x = rows_for(shown);
    std::map<std::string, Tensor> held;
    const Output output =
        model->forward_visited(parameters, x, [&](const std::string& layer, const Tensor& values) {
          held[layer] = values;
          return values;
        });
    const Tensor stages = model->stage_logits(parameters, x);
    const auto part = [&](const std::string& name) {
      for (const ParameterBlock& block : model->layout()) {
        if (block.name != name) continue;
        return parameters[0]
            .narrow(0, block.offset, element_count(block.shape))
            .reshape(block.shape);
      }
      return Tensor();
    };
    const auto read = [&](const Tensor& state) {
      return state.matmul(part("head.weight")) + part("head.bias");
    };
    if (shown.name == "gru") {
      CHECK(stages.size(1) == 4);
      CHECK(at::allclose(stages[0][2], read(held["layer1"][0].select(1, 2)), 1e-4, 1e-5));
      CHECK(at::allclose(output.logits[0], read(held["layer1"][0].select(1, 4)), 1e-4, 1e-5));
    } else {
      const auto normal = [&](const Tensor& state) {
        return read(at::layer_norm(state, {8}, part("norm.gain"), part("norm.bias"), 1e-5));
      };
      CHECK(stages.size(1) == 2);
      CHECK(at::allclose(stages[0][1], normal(held["block0"][0].select(1, 4)), 1e-3, 1e-4));
      CHECK(at::allclose(output.logits[0], normal(held["block1"][0]), 1e-3, 1e-4));
    }
  }
}
