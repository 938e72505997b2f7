#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/value.hpp"

/// \file
/// Numbers that the programs beside the tests work out in float64, and a method that trains to be
/// compared with them.

namespace spurion::method_tests {

/// A file of this folder, such as "updates.json".
inline nlohmann::json reference_file(const std::string& name) {
  std::ifstream file(SPURION_SOURCE_DIR "/tests/unit/methods/" + name);
  REQUIRE(file.good());
  return nlohmann::json::parse(file);
}

/// All numbers of nested lists, in order.
inline std::vector<double> numbers_in(const nlohmann::json& list) {
  std::vector<double> numbers;
  const auto add = [&](const auto& self, const nlohmann::json& part) -> void {
    if (!part.is_array()) return numbers.push_back(part.get<double>());
    for (const nlohmann::json& each : part) self(self, each);
  };
  add(add, list);
  return numbers;
}

/// The same as a float32 vector.
inline Tensor floats_in(const nlohmann::json& list) {
  return at::tensor(numbers_in(list), at::kDouble).to(at::kFloat);
}

/// Compares float32 numbers with float64 ones.
inline void check_floats(const Tensor& found, const nlohmann::json& expected, double relative,
                         double absolute) {
  const Tensor wanted = floats_in(expected);
  const Tensor flat = found.detach().flatten();
  REQUIRE(flat.numel() == wanted.numel());
  INFO("found " << flat << " expected " << wanted);
  CHECK(at::allclose(flat, wanted, relative, absolute));
}

/// A method on a perceptron of one hidden layer, with plain descent.
struct ReferenceRun {
  static constexpr std::int64_t kInputs = 2;
  static constexpr std::int64_t kHidden = 3;
  static constexpr std::int64_t kDomains = 3;

  Catalog catalog = builtin_catalog();
  std::unique_ptr<Model> model;
  std::unique_ptr<Method> method;
  std::unique_ptr<ReplicaTrainer> trainer;

  /// `one`: the case of a reference, with its "method", "options", "steps" and, perhaps,
  /// "own_start". `start`: the parameters. `rows` must stay.
  ReferenceRun(const nlohmann::json& one, const nlohmann::json& start, double rate,
               TrainingSet& rows) {
    Problems problems;
    const auto& perceptron = catalog.models.at("mlp");
    model = perceptron.make({perceptron.schema.normalise(
                                Value::Table{{"depth", 1}, {"width", kHidden}}, "mlp", problems)},
                            ModelContext{{kInputs}, 1});
    const auto name = one["method"].get<std::string>();
    const auto& entry = catalog.methods.at(name);
    const Value options =
        entry.schema.normalise(parse_json(one["options"].dump(), "the reference"), name, problems);
    problems.raise();
    MethodContext context{Task::binary, 1, kDomains, 4, {RandomKey(3)}};
    context.steps = one["steps"].get<std::int64_t>();
    context.input_shape = {kInputs};
    method = entry.make({options}, context);
    OptimizerOptions sgd;
    sgd.name = "sgd";
    sgd.learning_rate = rate;
    trainer = std::make_unique<ReplicaTrainer>(*model, floats_in(start).unsqueeze(0), sgd);
    if (method->needs_second_order()) trainer->use_second_order();
    trainer->add_blocks(method->own_blocks(*model));
    trainer->set_training_set(&rows);
    if (!one.contains("own_start")) return;
    for (const auto& [block, values] : one["own_start"].items()) {
      trainer->set_own(block, floats_in(values).unsqueeze(0));
    }
  }

  /// Rows of one replica.
  static Batch batch(const Tensor& x, const Tensor& y, std::int64_t domains = kDomains) {
    Batch out;
    out.domains = domains;
    out.x = x.reshape({1, -1, kInputs});
    out.y = y.to(at::kLong).reshape({1, domains, -1});
    out.rows_per_domain = out.y.size(2);
    return out;
  }
  /// Logits of what is evaluated, in a line.
  [[nodiscard]] Tensor logits(const Evaluated& evaluated, const Tensor& x) const {
    const at::NoGradGuard no_grad;
    return evaluated_logits(evaluated, *trainer, {0, 1}, x, Task::binary).flatten();
  }
};

}  // namespace spurion::method_tests
