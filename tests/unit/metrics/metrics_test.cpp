#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <memory>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/metric.hpp"

namespace spurion {
namespace {

using Results = std::map<std::string, Tensor>;

std::unique_ptr<Metric> make(const std::string& name, const MetricContext& context) {
  const Catalog catalog = builtin_catalog();
  return catalog.metrics.at(name).make({Value()}, context);
}

Results results(const Metric& metric) {
  Results out;
  for (const auto& [name, values] : metric.result()) {
    CHECK(values.scalar_type() == at::kDouble);
    out[name] = values;
  }
  return out;
}

double number(const Results& all, const std::string& name, std::int64_t replica) {
  REQUIRE(all.count(name) == 1);
  return all.at(name)[replica].item<double>();
}

Tensor labels(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::kLong).unsqueeze(0);
}

MetricContext context(Task task, std::int64_t replicas, std::int64_t groups = 0) {
  return {task, replicas, groups};
}

/// Two replicas, four rows, one set of labels for both.
Predictions binary_chunk() {
  Predictions chunk;
  chunk.logits = at::tensor({1.0F, -2.0F, 0.5F, -1.0F,   // predicts 1 0 1 0
                             -1.0F, -2.0F, 3.0F, 0.0F})  // predicts 0 0 1 0
                     .reshape({2, 4, 1});
  chunk.twin_logits = at::tensor({1.0F, 2.0F, -0.5F, -1.0F,   // predicts 1 1 0 0
                                  -1.0F, -2.0F, 3.0F, 0.1F})  // predicts 0 0 1 1
                          .reshape({2, 4, 1});
  chunk.y = labels({1, 0, 0, 1});
  chunk.group = labels({0, 0, 1, 3});
  return chunk;
}

const char* const kNames[] = {"accuracy", "loss", "worst_group", "flip_rate", "calibration"};

TEST_CASE("accuracy") {
  const auto metric = make("accuracy", context(Task::binary, 2));
  CHECK(metric->result().empty());
  metric->add(binary_chunk());
  const Results all = results(*metric);
  CHECK(number(all, "accuracy", 0) == 0.5);
  CHECK(number(all, "accuracy", 1) == 0.25);

  const auto three = make("accuracy", context(Task::multiclass, 1));
  Predictions chunk;
  chunk.logits = at::tensor({0.0F, 1.0F, 2.0F, 5.0F, 1.0F, 2.0F}).reshape({1, 2, 3});
  chunk.y = labels({2, 1});
  three->add(chunk);
  CHECK(number(results(*three), "accuracy", 0) == 0.5);
}

TEST_CASE("loss") {
  const auto metric = make("loss", context(Task::binary, 2));
  metric->add(binary_chunk());
  const auto nll = [](double z, int y) { return std::log1p(std::exp(z)) - z * y; };
  const Results all = results(*metric);
  CHECK(number(all, "loss", 0) ==
        Approx((nll(1, 1) + nll(-2, 0) + nll(0.5, 0) + nll(-1, 1)) / 4).epsilon(1e-6));
  CHECK(number(all, "loss", 1) ==
        Approx((nll(-1, 1) + nll(-2, 0) + nll(3, 0) + nll(0, 1)) / 4).epsilon(1e-6));

  const auto squares = make("loss", context(Task::regression, 1));
  Predictions chunk;
  chunk.logits = at::tensor({1.0F, -2.0F}).reshape({1, 2, 1});
  chunk.y = at::tensor({0.5F, 1.0F}).reshape({1, 2});
  squares->add(chunk);
  CHECK(number(results(*squares), "loss", 0) == Approx((0.25 + 9.0) / 2));
}

TEST_CASE("worst_group") {
  const auto metric = make("worst_group", context(Task::binary, 2, 4));
  metric->add(binary_chunk());
  const Results all = results(*metric);
  CHECK(number(all, "group_0_accuracy", 0) == 1.0);
  CHECK(number(all, "group_1_accuracy", 0) == 0.0);
  CHECK(number(all, "group_3_accuracy", 0) == 0.0);
  CHECK(number(all, "group_0_accuracy", 1) == 0.5);
  CHECK(number(all, "worst_group_accuracy", 0) == 0.0);
  CHECK(number(all, "worst_group_accuracy", 1) == 0.0);
  CHECK(all.count("group_2_accuracy") == 0);

  SECTION("a group that only one replica has rows of") {
    const auto each = make("worst_group", context(Task::binary, 2, 2));
    Predictions chunk = binary_chunk();
    chunk.y = at::tensor({1, 0, 0, 1, 0, 0, 1, 1}, at::kLong).reshape({2, 4});
    chunk.group = at::tensor({0, 0, 1, 1, 0, 0, 0, 0}, at::kLong).reshape({2, 4});
    each->add(chunk);
    const Results own = results(*each);
    CHECK(number(own, "worst_group_accuracy", 0) == 0.0);
    CHECK(number(own, "worst_group_accuracy", 1) == 0.75);
    CHECK(std::isnan(number(own, "group_1_accuracy", 1)));
  }
  SECTION("no groups in the chunk: nothing to say") {
    const auto none = make("worst_group", context(Task::binary, 2, 4));
    Predictions chunk = binary_chunk();
    chunk.group = Tensor();
    none->add(chunk);
    CHECK(none->result().empty());
  }
}

TEST_CASE("flip_rate and counterfactual_rms_change") {
  const auto metric = make("flip_rate", context(Task::binary, 2));
  Predictions chunk = binary_chunk();
  metric->add(chunk);
  const Results all = results(*metric);
  CHECK(number(all, "flip_rate", 0) == 0.5);
  CHECK(number(all, "flip_rate", 1) == 0.25);

  const auto none = make("flip_rate", context(Task::binary, 2));
  chunk.twin_logits = Tensor();
  none->add(chunk);
  CHECK(none->result().empty());

  const auto shift = make("flip_rate", context(Task::regression, 1));
  Predictions real;
  real.logits = at::tensor({1.0F, 2.0F}).reshape({1, 2, 1});
  real.twin_logits = at::tensor({4.0F, -2.0F}).reshape({1, 2, 1});
  real.y = at::zeros({1, 2});
  shift->add(real);
  CHECK(number(results(*shift), "counterfactual_rms_change", 0) ==
        Approx(std::sqrt((9.0 + 16.0) / 2)));
}

TEST_CASE("calibration: binary") {
  // Probabilities .8 (right), .8 (wrong), .6 (right), predicted 0 with .7 (right).
  const auto logit = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
  Predictions chunk;
  chunk.logits = at::tensor({logit(0.82), logit(0.82), logit(0.62), logit(0.3)}).reshape({1, 4, 1});
  chunk.y = labels({1, 0, 1, 0});
  const auto metric = make("calibration", context(Task::binary, 1));
  CHECK(metric->result().empty());
  metric->add(chunk);
  const Results all = results(*metric);
  // Bins of width 1/15: .82 and .82 in number 12, .62 in 9, .7 in 10.
  CHECK(number(all, "ece", 0) ==
        Approx((std::abs(1 - 2 * 0.82) + (1 - 0.62) + (1 - 0.7)) / 4).epsilon(1e-6));
  CHECK(number(all, "brier", 0) ==
        Approx((0.18 * 0.18 + 0.82 * 0.82 + 0.38 * 0.38 + 0.3 * 0.3) / 4).epsilon(1e-6));
}

TEST_CASE("calibration: certainty, and three classes") {
  Predictions sure;
  sure.logits = at::tensor({200.0F, -200.0F}).reshape({1, 2, 1});
  sure.y = labels({1, 0});
  const auto metric = make("calibration", context(Task::binary, 1));
  metric->add(sure);
  CHECK(number(results(*metric), "ece", 0) == Approx(0.0).margin(1e-12));
  CHECK(number(results(*metric), "brier", 0) == Approx(0.0).margin(1e-12));

  // p = (.5, .3, .2), label 1.
  Predictions chunk;
  chunk.logits =
      at::tensor({std::log(0.5F), std::log(0.3F), std::log(0.2F)}).reshape({1, 1, 3}) + 100;
  chunk.y = labels({1});
  const auto three = make("calibration", context(Task::multiclass, 1));
  three->add(chunk);
  CHECK(number(results(*three), "ece", 0) == Approx(0.5).epsilon(1e-4));
  CHECK(number(results(*three), "brier", 0) == Approx(0.25 + 0.49 + 0.04).epsilon(1e-4));
}

TEST_CASE("Metrics apply where they have a meaning") {
  const auto applies = [](const std::string& name, Task task, std::int64_t groups) {
    const MetricContext where = context(task, 1, groups);
    return make(name, where)->applies(where);
  };
  CHECK(applies("accuracy", Task::binary, 0));
  CHECK_FALSE(applies("accuracy", Task::regression, 0));
  CHECK(applies("loss", Task::regression, 0));
  CHECK(applies("worst_group", Task::multiclass, 2));
  CHECK_FALSE(applies("worst_group", Task::binary, 0));
  CHECK_FALSE(applies("worst_group", Task::regression, 2));
  CHECK(applies("flip_rate", Task::regression, 0));
  CHECK_FALSE(applies("calibration", Task::regression, 0));
}

/// Random chunk of K = 3 replicas with labels of their own.
Predictions random_chunk(std::int64_t rows) {
  const RandomStream stream(RandomKey(9).child(static_cast<std::uint64_t>(rows)));
  Predictions chunk;
  const auto filled = [&](std::int64_t lane) {
    Tensor out = at::empty({3, rows, 1}, at::kFloat);
    for (std::int64_t i = 0; i < 3 * rows; ++i) {
      out.data_ptr<float>()[i] = static_cast<float>(stream.normal(i, lane));
    }
    return out;
  };
  chunk.logits = filled(0);
  chunk.twin_logits = filled(1);
  chunk.y = filled(2).squeeze(2).gt(0).to(at::kLong);
  chunk.group = 2 * chunk.y + filled(3).squeeze(2).gt(0).to(at::kLong);
  return chunk;
}

Predictions replica_of(const Predictions& chunk, std::int64_t k) {
  const auto cut = [k](const Tensor& t) { return t.slice(0, k, k + 1).clone(); };
  return {cut(chunk.logits), cut(chunk.twin_logits), cut(chunk.y), cut(chunk.group)};
}

TEST_CASE("A replica's numbers are the same bits alone and among others") {
  for (const char* name : kNames) {
    INFO(name);
    const auto together = make(name, context(Task::binary, 3, 4));
    for (const std::int64_t rows : {37, 100}) together->add(random_chunk(rows));
    for (std::int64_t k = 0; k < 3; ++k) {
      const auto alone = make(name, context(Task::binary, 1, 4));
      for (const std::int64_t rows : {37, 100}) alone->add(replica_of(random_chunk(rows), k));
      const Results own = results(*alone);
      for (const auto& [key, values] : results(*together)) {
        CHECK(values[k].item<double>() == number(own, key, 0));
      }
    }
  }
}

TEST_CASE("Merging accumulators is adding their chunks") {
  for (const char* name : kNames) {
    INFO(name);
    const auto whole = make(name, context(Task::binary, 3, 4));
    const auto first = make(name, context(Task::binary, 3, 4));
    const auto second = make(name, context(Task::binary, 3, 4));
    whole->add(random_chunk(37));
    whole->add(random_chunk(100));
    first->add(random_chunk(37));
    second->add(random_chunk(100));
    first->merge(*second);
    const Results expected = results(*whole);
    const Results merged = results(*first);
    REQUIRE(expected.size() == merged.size());
    for (const auto& [key, values] : expected) {
      CHECK(at::allclose(values, merged.at(key), 1e-12, 1e-12));
    }
    const auto other =
        make(std::string(name) == "loss" ? "accuracy" : "loss", context(Task::binary, 3, 4));
    CHECK_THROWS_AS(first->merge(*other), LogicError);
  }
}

}  // namespace
}  // namespace spurion
