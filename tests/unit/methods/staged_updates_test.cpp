// Updates of methods of several stages, against plain loops in float64 (staged_updates.py).
#include <ATen/ATen.h>

#include <algorithm>

#include "catch.hpp"
#include "unit/methods/reference_run.hpp"

using namespace spurion;
using Json = nlohmann::json;
using method_tests::floats_in;
using method_tests::ReferenceRun;

namespace {

constexpr std::int64_t kStageBatch = 12;  // rows of a minibatch

void check_stage(const Tensor& found, const Json& expected) {
  method_tests::check_floats(found, expected, 1e-5, 2e-6);
}

/// Training rows of which the reference says which ones make a minibatch. The weights by which a
/// method wants them to be drawn are kept.
class StageRows final : public TrainingSet {
 public:
  explicit StageRows(const Json& data)
      : data_(&data),
        x_(floats_in(data["x"]).reshape({-1, ReferenceRun::kInputs})),
        y_(floats_in(data["y"])),
        group_(floats_in(data["groups"]).to(at::kLong)) {}

  [[nodiscard]] std::int64_t size() const override { return y_.numel(); }
  [[nodiscard]] std::int64_t parts() const override { return size() / kStageBatch; }
  [[nodiscard]] Batch part(std::int64_t part) override {
    return numbered(part * kStageBatch + at::arange(kStageBatch), ReferenceRun::kDomains);
  }
  void sample(const Tensor& weights) override { weights_ = weights.clone(); }
  [[nodiscard]] Batch validation(std::int64_t /*rows*/) override {
    const Json& given = (*data_)["validation"];
    return ReferenceRun::batch(floats_in(given["x"]), floats_in(given["y"]));
  }

  [[nodiscard]] Batch numbered(const Tensor& number, std::int64_t domains) const {
    Batch batch =
        ReferenceRun::batch(x_.index_select(0, number), y_.index_select(0, number), domains);
    batch.group = group_.index_select(0, number).reshape_as(batch.y);
    batch.number = number.reshape_as(batch.y);
    return batch;
  }
  /// Rows that are drawn by weights are of one domain.
  [[nodiscard]] Batch minibatch(const Json& given, bool drawn) const {
    Batch batch =
        numbered(floats_in(given["rows"]).to(at::kLong), drawn ? 1 : ReferenceRun::kDomains);
    if (given.contains("labels")) {
      batch.y = floats_in(given["labels"]).to(at::kLong).reshape_as(batch.y);
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

/// The training of one case.
struct StagedUpdates {
  StageRows rows;
  ReferenceRun run;

  StagedUpdates(const Json& data, const Json& one)
      : rows(data), run(one, data["start"], one["rate"].get<double>(), rows) {
    run.method->begin_phase(*run.trainer, 0);
  }
  /// Compares what there is after so many updates.
  void check(const Json& one, std::size_t updates) {
    CAPTURE(updates);
    check_stage(run.trainer->parameters(), one["parameters"][updates]);
    if (one.contains("evaluated")) {
      const Evaluated found = run.method->evaluated(*run.trainer);
      REQUIRE(found.members.size() <= 1);
      REQUIRE_FALSE(found.head);
      check_stage(found.members.empty() ? run.trainer->parameters() : found.members[0],
                  one["evaluated"][updates]);
    }
    const std::string key = std::to_string(updates);
    const Tensor weights = rows.new_weights();
    REQUIRE(weights.defined() == one["weights"].contains(key));
    if (!weights.defined()) return;
    // Only proportions count.
    const Tensor wanted = floats_in(one["weights"][key]).to(at::kDouble);
    REQUIRE(weights.numel() == wanted.numel());
    CHECK(at::allclose(weights.flatten() / weights.sum(), wanted / wanted.sum(), 1e-6, 1e-9));
  }
};

Json staged_updates_reference() { return method_tests::reference_file("staged_updates.json"); }

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
      trained.run.method->step(*trained.run.trainer,
                               trained.rows.minibatch(one["minibatches"][step], drawn));
      const double expected = one["losses"][step].get<double>();
      CAPTURE(step);
      CHECK(trained.run.trainer->last_losses().item<double>() == Approx(expected).epsilon(1e-5));
      trained.check(one, step + 1);
      drawn = drawn || one["weights"].contains(std::to_string(step + 1));
    }
    if (one.contains("own")) {
      for (const auto& [block, values] : one["own"].items()) {
        CAPTURE(block);
        check_stage(trained.run.trainer->own(block), values);
      }
    }
    if (!one.contains("logits")) continue;
    const Evaluated found = trained.run.method->evaluated(*trained.run.trainer);
    REQUIRE(found.head);
    const Tensor x = trained.rows.validation(0).x;
    check_stage(trained.run.logits(found, x), one["logits"]);
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
