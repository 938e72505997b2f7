// Updates of methods of several stages, against plain loops in float64 (staged_updates.py).
#include <ATen/ATen.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/value.hpp"

using namespace spurion;
using Json = nlohmann::json;

namespace {

constexpr std::int64_t kStageInputs = 2;
constexpr std::int64_t kStageHidden = 3;
constexpr std::int64_t kStageDomains = 3;
constexpr std::int64_t kStageBatch = 12;  // rows of a minibatch

/// All numbers of nested lists, in order.
Tensor stage_floats(const Json& list) {
  std::vector<double> numbers;
  const auto add = [&](const auto& self, const Json& part) -> void {
    if (!part.is_array()) return numbers.push_back(part.get<double>());
    for (const Json& each : part) self(self, each);
  };
  add(add, list);
  return at::tensor(numbers, at::kDouble).to(at::kFloat);
}

/// Float32 updates against float64 ones.
void check_stage(const Tensor& found, const Json& expected) {
  const Tensor wanted = stage_floats(expected);
  const Tensor flat = found.detach().flatten();
  REQUIRE(flat.numel() == wanted.numel());
  INFO("found " << flat << " expected " << wanted);
  CHECK(at::allclose(flat, wanted, 1e-5, 2e-6));
}

/// Rows of one replica.
Batch stage_batch(const Tensor& x, const Tensor& y, std::int64_t domains) {
  Batch batch;
  batch.domains = domains;
  batch.x = x.reshape({1, -1, kStageInputs});
  batch.y = y.to(at::kLong).reshape({1, domains, -1});
  batch.rows_per_domain = batch.y.size(2);
  return batch;
}

/// Training rows of which the reference says which ones make a minibatch. The weights by which a
/// method wants them to be drawn are kept.
class StageRows final : public TrainingSet {
 public:
  explicit StageRows(const Json& data)
      : data_(&data),
        x_(stage_floats(data["x"]).reshape({-1, kStageInputs})),
        y_(stage_floats(data["y"])),
        group_(stage_floats(data["groups"]).to(at::kLong)) {}

  [[nodiscard]] std::int64_t size() const override { return y_.numel(); }
  [[nodiscard]] std::int64_t parts() const override { return size() / kStageBatch; }
  [[nodiscard]] Batch part(std::int64_t part) override {
    return numbered(part * kStageBatch + at::arange(kStageBatch), kStageDomains);
  }
  void sample(const Tensor& weights) override { weights_ = weights.clone(); }
  [[nodiscard]] Batch validation(std::int64_t /*rows*/) override {
    const Json& given = (*data_)["validation"];
    return stage_batch(stage_floats(given["x"]), stage_floats(given["y"]), kStageDomains);
  }

  [[nodiscard]] Batch numbered(const Tensor& number, std::int64_t domains) const {
    Batch batch = stage_batch(x_.index_select(0, number), y_.index_select(0, number), domains);
    batch.group = group_.index_select(0, number).reshape_as(batch.y);
    batch.number = number.reshape_as(batch.y);
    return batch;
  }
  /// Rows that are drawn by weights are of one domain.
  [[nodiscard]] Batch minibatch(const Json& given, bool drawn) const {
    Batch batch = numbered(stage_floats(given["rows"]).to(at::kLong), drawn ? 1 : kStageDomains);
    if (given.contains("labels")) {
      batch.y = stage_floats(given["labels"]).to(at::kLong).reshape_as(batch.y);
    }
    return batch;
  }
  /// What `sample` was last called with since this was last asked; undefined: it was not called.
  [[nodiscard]] Tensor new_weights() {
    Tensor weights;
    std::swap(weights, weights_);
    return weights;
  }

 private:
  const Json* data_;
  Tensor x_;
  Tensor y_;
  Tensor group_;
  Tensor weights_;
};

/// A method on a perceptron of one hidden layer, with plain descent.
struct StagedUpdates {
  Catalog catalog = builtin_catalog();
  StageRows rows;
  std::unique_ptr<Model> model;
  std::unique_ptr<Method> method;
  std::unique_ptr<ReplicaTrainer> trainer;

  StagedUpdates(const Json& data, const Json& one) : rows(data) {
    Problems problems;
    const auto& perceptron = catalog.models.at("mlp");
    model =
        perceptron.make({perceptron.schema.normalise(
                            Value::Table{{"depth", 1}, {"width", kStageHidden}}, "mlp", problems)},
                        ModelContext{{kStageInputs}, 1});
    const auto name = one["method"].get<std::string>();
    const auto& entry = catalog.methods.at(name);
    const Value options = entry.schema.normalise(
        parse_json(one["options"].dump(), "staged_updates.json"), name, problems);
    problems.raise();
    MethodContext context{Task::binary, 1, kStageDomains, 4, {RandomKey(3)}};
    context.steps = one["steps"].get<std::int64_t>();
    context.input_shape = {kStageInputs};
    method = entry.make({options}, context);
    OptimizerOptions sgd;
    sgd.name = "sgd";
    sgd.learning_rate = one["rate"].get<double>();
    trainer =
        std::make_unique<ReplicaTrainer>(*model, stage_floats(data["start"]).unsqueeze(0), sgd);
    trainer->add_blocks(method->own_blocks(*model));
    trainer->set_training_set(&rows);
    if (one.contains("own_start")) {
      for (const auto& [block, values] : one["own_start"].items()) {
        trainer->set_own(block, stage_floats(values).unsqueeze(0));
      }
    }
    method->begin_phase(*trainer, 0);
  }
  /// Compares what there is after so many updates.
  void check(const Json& one, std::size_t updates) {
    CAPTURE(updates);
    check_stage(trainer->parameters(), one["parameters"][updates]);
    if (one.contains("evaluated")) {
      const Evaluated found = method->evaluated(*trainer);
      REQUIRE(found.members.size() <= 1);
      REQUIRE_FALSE(found.head);
      check_stage(found.members.empty() ? trainer->parameters() : found.members[0],
                  one["evaluated"][updates]);
    }
    const std::string key = std::to_string(updates);
    const Tensor weights = rows.new_weights();
    REQUIRE(weights.defined() == one["weights"].contains(key));
    if (!weights.defined()) return;
    // Only proportions count.
    const Tensor wanted = stage_floats(one["weights"][key]).to(at::kDouble);
    REQUIRE(weights.numel() == wanted.numel());
    CHECK(at::allclose(weights.flatten() / weights.sum(), wanted / wanted.sum(), 1e-6, 1e-9));
  }
};

Json staged_updates_reference() {
  std::ifstream file(SPURION_SOURCE_DIR "/tests/unit/methods/staged_updates.json");
  return Json::parse(file);
}

}  // namespace

TEST_CASE("updates in stages are those that plain loops over the formulas give") {
  const Json data = staged_updates_reference();
  for (const Json& one : data["cases"]) {
    CAPTURE(one["method"].get<std::string>(), one["options"].dump());
    StagedUpdates trained(data, one);
    trained.check(one, 0);
    bool drawn = one["weights"].contains("0");
    const auto steps = one["steps"].get<std::size_t>();
    for (std::size_t step = 0; step < steps; ++step) {
      trained.method->step(*trained.trainer,
                           trained.rows.minibatch(one["minibatches"][step], drawn));
      const double expected = one["losses"][step].get<double>();
      CAPTURE(step);
      CHECK(trained.trainer->last_losses().item<double>() == Approx(expected).epsilon(1e-5));
      trained.check(one, step + 1);
      drawn = drawn || one["weights"].contains(std::to_string(step + 1));
    }
    if (one.contains("own")) {
      for (const auto& [block, values] : one["own"].items()) {
        CAPTURE(block);
        check_stage(trained.trainer->own(block), values);
      }
    }
    if (!one.contains("logits")) continue;
    const at::NoGradGuard no_grad;
    const Evaluated found = trained.method->evaluated(*trained.trainer);
    REQUIRE(found.head);
    const Tensor x = trained.rows.validation(0).x;
    check_stage(evaluated_logits(found, *trained.trainer, {0, 1}, x, Task::binary), one["logits"]);
  }
}

TEST_CASE("the reference of updates in stages has each of its methods") {
  const Json data = staged_updates_reference();
  for (const char* method : {"swad", "soup", "jtt", "eiil", "xrm", "cnc", "pde", "afr"}) {
    CAPTURE(method);
    CHECK(std::any_of(data["cases"].begin(), data["cases"].end(),
                      [&](const Json& one) { return one["method"].get<std::string>() == method; }));
  }
}
