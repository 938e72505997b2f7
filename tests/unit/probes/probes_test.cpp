// What probes find, against float64 references that reliance.py works out on its own, and what they
// are handed.
#include <ATen/ATen.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "conformance/planted_model.hpp"
#include "spurion/catalog.hpp"
#include "spurion/value.hpp"

using namespace spurion;
using Catch::Contains;
using Json = nlohmann::json;

namespace {

Json reference() {
  std::ifstream file(SPURION_SOURCE_DIR "/tests/unit/probes/reliance.json");
  REQUIRE(file.good());
  return Json::parse(file);
}

std::vector<double> flat(const Json& list) {
  std::vector<double> numbers;
  const auto add = [&](const auto& self, const Json& part) -> void {
    if (!part.is_array()) return numbers.push_back(part.get<double>());
    for (const Json& each : part) self(self, each);
  };
  add(add, list);
  return numbers;
}

ProbeRows rows_of(const Json& rows) {
  const auto count = static_cast<std::int64_t>(rows["x"].size());
  const auto whole = [&](const char* name) {
    return at::tensor(flat(rows[name]), at::kDouble).to(at::kLong).reshape({1, count});
  };
  ProbeRows made;
  made.x = at::tensor(flat(rows["x"]), at::kFloat).reshape({1, count, -1});
  made.y = whole("y");
  made.cues = whole("cue").unsqueeze(2);
  return made;
}

std::unique_ptr<Model> network(std::int64_t width) {
  static const Catalog catalog = builtin_catalog();
  Problems problems;
  const auto& entry = catalog.models.at("mlp");
  const Value options = entry.schema.normalise(
      Value::Table{{"width", width}, {"depth", std::int64_t{1}}}, "mlp", problems);
  problems.raise();
  return entry.make({options}, ModelContext{{4}, 1});
}

/// The networks of the reference as replicas, with their rows.
ProbeMaterial material_of(const Json& known, const Model& model) {
  ProbeMaterial material = conformance::planted_material(model, at::zeros({1, 3}), 8);
  std::vector<Tensor> replicas;
  for (const Json& net : known["networks"]) {
    std::vector<double> all;
    for (const char* part : {"w", "b", "v", "c"}) {
      for (const double number : flat(Json::array({net[part]}))) all.push_back(number);
    }
    replicas.push_back(at::tensor(all, at::kFloat));
  }
  material.parameters = at::stack(replicas);
  material.proxy = rows_of(known["proxy"]);
  material.training = rows_of(known["training"]);
  return material;
}

std::unique_ptr<Probe> probe(const std::string& name, Value options = {}) {
  static const Catalog catalog = builtin_catalog();
  options.as_table()["name"] = name;
  return probe_of(catalog, options, ProbeContext{Task::binary, 1, {4}});
}

/// What a probe of these sights is handed.
class Watcher final : public ProbeOf<ProxyRows, Outputs> {
 public:
  [[nodiscard]] Reliance look(const ProxyRows& rows, const Outputs& outputs) const override {
    return {outputs.logits(rows.x()).sigmoid().mean(1).to(at::kDouble)};
  }
};

}  // namespace

TEST_CASE("probes find what independent loops in float64 find") {
  const Json known = reference();
  const auto model = network(3);
  const ProbeMaterial material = material_of(known, *model);
  for (const auto& [name, values] : known["found"].items()) {
    Value options;
    if (name == "integrated_gradients") options.as_table()["steps"] = known["steps"].get<int>();
    const ProbeSubject subject(material);
    const Tensor found = measured(*probe(name, options), subject).of_cues;
    for (std::int64_t k = 0; k < found.size(0); ++k) {
      INFO(name << " of replica " << k);
      CHECK(found[k][0].item<double>() ==
            Approx(values[static_cast<std::size_t>(k)].get<double>()).epsilon(1e-4).margin(1e-5));
    }
    CHECK(subject.flops() > 0.0);
  }
}

TEST_CASE("without noise SmoothGrad is the input gradient") {
  const Json known = reference();
  const auto model = network(3);
  const ProbeMaterial material = material_of(known, *model);
  const auto of = [&](const std::unique_ptr<Probe>& one) {
    return measured(*one, ProbeSubject(material)).rows;
  };
  const Tensor plain = of(probe("input_gradient"));
  CHECK(at::allclose(of(probe("smooth_grad", Value::Table{{"noise", 0.0}})), plain, 1e-5, 1e-6));
  CHECK_FALSE(at::allclose(of(probe("smooth_grad", Value::Table{{"noise", 0.5}})), plain));
}

TEST_CASE("the logit lens takes the side of the cue against the label") {
  const conformance::PlantedModel model;
  const ProbeMaterial material =
      conformance::planted_material(model, conformance::planted_parameters({0.0, 0.7, 1.0}), 40);
  const Reliance found = measured(*probe("logit_lens"), ProbeSubject(material));
  const Tensor stage = model.stage_logits(material.parameters, material.proxy.x).select(1, 0);
  for (std::int64_t k = 0; k < 3; ++k) {
    double sum = 0.0;
    int rows = 0;
    for (std::int64_t b = 0; b < 40; ++b) {
      const auto label = material.proxy.y[0][b].item<std::int64_t>();
      const auto cue = material.proxy.cues[0][b][0].item<std::int64_t>();
      const double told = found.rows[k][b][0].item<double>();
      CHECK(std::isnan(told) == (label == cue));
      if (label == cue) continue;
      const double p = 1.0 / (1.0 + std::exp(-stage[k][b][0].item<double>()));
      sum += std::max(0.0, cue == 1 ? 2.0 * p - 1.0 : 1.0 - 2.0 * p);
      ++rows;
    }
    CHECK(found.of_cues[k][0].item<double>() == Approx(sum / rows).margin(1e-6));
  }
}

TEST_CASE("calibration of each probe on planted models") {
  // A probe of use rises with the planted reliance; the mean of the input gradient is it exactly.
  const conformance::PlantedModel model;
  const ProbeMaterial material = conformance::planted_material(
      model, conformance::planted_parameters({0.0, 0.25, 0.5, 0.75, 1.0}), 80);
  const Tensor found = measured(*probe("input_gradient"), ProbeSubject(material)).of_cues;
  for (int k = 0; k < 5; ++k) CHECK(found[k][0].item<double>() == Approx(0.25 * k).margin(1e-5));
  CHECK(probe("linear_probe")->evidence() == Evidence::presence);
  CHECK(probe("occlusion")->evidence() == Evidence::use);
}

TEST_CASE("a probe is handed what it names, and nothing else") {
  CHECK(Watcher().access().text() == "outputs");
  CHECK(probe("input_gradient")->access().text() == "input gradients, cue inputs");
  CHECK(probe("group_influence")->access().text() == "features, labels, cue labels, training rows");
  const conformance::PlantedModel model;
  ProbeMaterial material =
      conformance::planted_material(model, conformance::planted_parameters({0.5}), 8);
  material.proxy.cues = Tensor();
  CHECK_THROWS_WITH(probe("concept_direction")->measure(ProbeSubject(material)),
                    Contains("nobody knows here"));
  CHECK(measured(Watcher(), ProbeSubject(material)).of_cues.size(0) == 1);
  material.proxy.y = at::zeros({3, 8}, at::kLong);
  CHECK_THROWS_AS(ProbeSubject(material), PluginError);
}

TEST_CASE("what a probe cannot look into is refused") {
  const Catalog catalog = builtin_catalog();
  const ModelContext context{{4}, 1};
  const auto linear = catalog.models.at("linear").make({Value()}, context);
  const auto refusal = [&](const std::string& name, Task task, const Value& options = {}) {
    try {
      check_probe(*probe(name, options), ProbeContext{task, 1, {4}}, *linear, "linear");
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refusal("input_gradient", Task::binary).empty());
  CHECK(refusal("reading_disagreement", Task::binary).empty());
  CHECK_THAT(refusal("input_gradient", Task::regression), Contains("the label is a number"));
  CHECK_THAT(refusal("linear_probe", Task::binary), Contains("'linear' does not show any"));
  CHECK_THAT(refusal("logit_lens", Task::binary), Contains("causal_transformer or gru"));
  const auto mlp = network(3);
  CHECK_THROWS_WITH(check_probe(*probe("linear_probe", Value::Table{{"layer", "layer7"}}),
                                ProbeContext{Task::binary, 1, {4}}, *mlp, "mlp"),
                    Contains("unknown hidden layer 'layer7'") && Contains("layer0"));
}
