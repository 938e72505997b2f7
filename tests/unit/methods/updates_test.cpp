// Updates of methods with parts of their own, against plain loops in float64 (updates.py).
#include <ATen/ATen.h>

#include "catch.hpp"
#include "methods/shared/pareto_weights.hpp"
#include "methods/shared/prototypes.hpp"
#include "unit/methods/reference_run.hpp"

using namespace spurion;
using Json = nlohmann::json;
using method_tests::floats_in;
using method_tests::numbers_in;
using method_tests::ReferenceRun;

namespace {

std::vector<double> listed(const Json& list) { return list.get<std::vector<double>>(); }

/// Rows of each domain, of one replica. Groups are 2 y + (x_1 > 0); rows count on from `first`.
Batch update_batch(const Json& given, std::int64_t first = 0) {
  Batch batch = ReferenceRun::batch(floats_in(given["x"]), floats_in(given["y"]));
  batch.group = 2 * batch.y + batch.x.select(2, 1).gt(0.0).to(at::kLong).reshape_as(batch.y);
  batch.number = first + at::arange(batch.y.numel()).reshape_as(batch.y);
  return batch;
}

/// What a regime has beside minibatches.
class UpdateRows final : public TrainingSet {
 public:
  UpdateRows(const Json& data) : data_(&data) {}

  [[nodiscard]] std::int64_t size() const override {
    std::size_t rows = 0;
    for (const Json& batch : (*data_)["batches"]) rows += numbers_in(batch["y"]).size();
    return static_cast<std::int64_t>(rows);
  }
  [[nodiscard]] std::int64_t parts() const override { return 0; }
  [[nodiscard]] Batch part(std::int64_t /*part*/) override { return {}; }
  void sample(const Tensor& /*weights*/) override {}
  [[nodiscard]] Batch validation(std::int64_t /*rows*/) override {
    return update_batch((*data_)["validation"]);
  }
  [[nodiscard]] Tensor unlabelled_target(std::int64_t /*rows*/, std::int64_t step) override {
    return floats_in((*data_)["unlabelled"][static_cast<std::size_t>(step)])
        .reshape({1, -1, ReferenceRun::kInputs});
  }

 private:
  const Json* data_;
};

/// The training of one case.
struct UpdatedMethod {
  UpdateRows rows;
  ReferenceRun run;

  UpdatedMethod(const Json& data, const Json& one)
      : rows(data), run(one, data["start"], data["rate"].get<double>(), rows) {}
};

void check_update(const Tensor& found, const Json& expected) {
  method_tests::check_floats(found, expected, 1e-3, 2e-4);
}

Json updates_reference() { return method_tests::reference_file("updates.json"); }

}  // namespace

TEST_CASE("updates are those that plain loops over the formulas give") {
  const Json data = updates_reference();
  for (const Json& one : data["cases"]) {
    CAPTURE(one["method"].get<std::string>(), one["options"].dump());
    UpdatedMethod trained(data, one);
    for (std::size_t step = 0; step < one["steps"].get<std::size_t>(); ++step) {
      if (step == 0) trained.run.method->begin_phase(*trained.run.trainer, 0);
      if (one.value("phase_before", std::size_t{0}) == step && step > 0) {
        trained.run.method->begin_phase(*trained.run.trainer, 1);
      }
      // Longer trainings see the batches again.
      const std::size_t turn = step % data["batches"].size();
      const Json& rows = data["batches"][turn];
      const auto first = static_cast<std::int64_t>(turn * numbers_in(rows["y"]).size());
      trained.run.method->step(*trained.run.trainer, update_batch(rows, first));
      const double expected = one["losses"][step].get<double>();
      CAPTURE(step);
      CHECK(trained.run.trainer->last_losses().item<double>() == Approx(expected).epsilon(1e-3));
    }
    check_update(trained.run.trainer->parameters(), one["parameters"]);
    if (one.contains("own")) {
      for (const auto& [block, values] : one["own"].items()) {
        check_update(trained.run.trainer->own(block), values);
      }
    }
    const Tensor x = update_batch(data["batches"][0]).x;
    if (one.contains("evaluated")) {
      check_update(trained.run.logits(trained.run.method->evaluated(*trained.run.trainer), x),
                   one["evaluated"]);
    }
    if (one.contains("adapted")) {
      const auto adapter = trained.run.method->adapter(*trained.run.trainer);
      REQUIRE(adapter);
      const Tensor target =
          floats_in(data["unlabelled"][0]).reshape({1, -1, ReferenceRun::kInputs});
      check_update(trained.run.logits(adapter->adapt(target), x), one["adapted"]);
    }
  }
}

TEST_CASE("weights of exact Pareto optimal search are corners of what is left of the simplex") {
  const Json data = updates_reference();
  for (const Json& one : data["pareto"]) {
    methods::Objectives of;
    of.values = listed(one["values"]);
    of.preference = listed(one["preference"]);
    of.products = listed(one["products"]);
    CAPTURE(one.dump());
    const std::vector<double> found = methods::pareto_weights(of, one["balanced"].get<double>());
    const std::vector<double> expected = listed(one["weights"]);
    for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == Approx(expected[i]).margin(1e-6));
  }
}

TEST_CASE("an objective that is 0 has no weight, and impossible conditions give the preference") {
  const std::vector<double> one = {1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0};
  const auto found = methods::pareto_weights({{0.5, 0.0, 0.5}, {0.2, 0.3, 0.5}, one}, 9.0);
  CHECK(found[1] == 0.0);
  CHECK(found[0] + found[2] == Approx(1.0));
  CHECK(methods::pareto_weights({{0.0, 0.0}, {0.5, 0.5}, {1.0, 0.0, 0.0, 1.0}}, 0.0) ==
        std::vector<double>{0.0, 0.0});
  // No weights lower both of two objectives whose products are negative.
  const std::vector<double> against = {-1.0, -1.0, -1.0, -1.0};
  const auto fallen = methods::pareto_weights({{1.0, 1.0}, {0.3, 0.7}, against}, 9.0);
  CHECK(fallen[0] == Approx(0.3));
  CHECK(fallen[1] == Approx(0.7));
}

TEST_CASE("the loss of prototypes and its gradient are those of plain loops") {
  const Json given = updates_reference()["prototypes"];
  const auto prototypes = [](const Json& values) {
    methods::Prototypes out;
    out.points = listed(values);
    out.scale = out.points.back();
    out.points.pop_back();
    return out;
  };
  methods::UnitRows rows;
  rows.features = static_cast<std::int64_t>(given["x"][0].size());
  rows.x = numbers_in(given["x"]);
  rows.label = given["labels"].get<std::vector<std::int64_t>>();
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < rows.count(); ++i) all.push_back(i);
  methods::PrototypeDescent descent;
  descent.entropic = given["entropic"].get<double>();
  descent.shrinkage = given["shrinkage"].get<double>();
  descent.covariance = given["covariance"].get<double>();
  std::vector<methods::Prototypes> earlier;
  for (const Json& one : given["earlier"]) earlier.push_back(prototypes(one));
  const methods::PrototypeLoss loss =
      methods::prototype_loss(prototypes(given["values"]), rows, all, descent, earlier);
  CHECK(loss.value == Approx(given["value"].get<double>()).epsilon(1e-9));
  const std::vector<double> expected = listed(given["gradient"]);
  REQUIRE(loss.gradient.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(loss.gradient[i] == Approx(expected[i]).epsilon(1e-6).margin(1e-8));
  }
}

TEST_CASE("a method that trains with target rows is refused where a regime gives none") {
  const Json data = updates_reference();
  for (const Json& one : data["cases"]) {
    if (one["method"].get<std::string>() != "divdis") continue;
    UpdatedMethod trained(data, one);
    trained.run.trainer->set_training_set(nullptr);
    CHECK_THROWS(trained.run.method->step(*trained.run.trainer, update_batch(data["batches"][0])));
  }
}
