// What trials on streams are counted to spend: rows, labels, operations.
#include <fmt/format.h>

#include <cmath>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

std::vector<TrialResult> run(const std::string& environment, const std::string& regime,
                             const std::string& training, const std::string& method = "erm",
                             const std::string& model = R"({ name = "linear" })") {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite = Suite::parse(fmt::format(R"(
name = "s"
[[experiment]]
name = "e"
environment = {}
model = {}
method = {{ name = "{}" }}
regime = {}
training = {}
evaluation = {{ rows = 50, training_rows = 0 }}
)",
                                               environment, model, method, regime, training),
                                   "s.toml");
  std::vector<TrialResult> all;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      all.push_back(std::move(result));
    }
  }
  return all;
}

Cost cost(const std::string& environment, const std::string& regime, const std::string& training,
          const std::string& method = "erm", const std::string& model = R"({ name = "linear" })") {
  return run(environment, regime, training, method, model).front().cost;
}

constexpr const char* kTable = R"({ name = "table" })";

}  // namespace

TEST_CASE("an online stream that is longer than its pool is refused before anything runs") {
  for (const char* name : {"online", "online_bandit", "online_active"}) {
    CAPTURE(name);
    CHECK_THROWS_WITH(
        run(kTable, fmt::format(R"({{ name = "{}", phases = [0.9, 0.1] }})", name),
            "{ steps = 2000, rows = 100, batch = 16 }"),
        Contains("the stream needs 32000 rows (1000 steps of 32 rows after phase 0), but there are "
                 "only ") &&
            Contains(" training rows in table, domain 'phase_1'") &&
            Contains("lower training.steps or training.batch, or raise pretrain_fraction"));
  }
  // 12 steps of 2 * 10 rows after phase 0: there are as many.
  const Cost fits = cost(kTable, R"({ name = "online", phases = [0.9, 0.1] })",
                         "{ steps = 24, rows = 100, batch = 10 }");
  CHECK(fits.labels_used == 2 * 100 + 12 * 20);  // all of the training set, and the stream's
}

TEST_CASE("training sets of phases that share a finite pool reveal each label once") {
  constexpr const char* kTraining = "{ steps = 900, rows = 100, batch = 20 }";
  const auto labels = [&](const char* regime, const char* environment) {
    return cost(environment, regime, kTraining).labels_used;
  };
  const std::int64_t eight =
      labels(R"({ name = "continual", trajectory = "reversal", phase_count = 8 })", kTable);
  const std::int64_t sixteen =
      labels(R"({ name = "continual", trajectory = "reversal", phase_count = 16 })", kTable);
  CHECK(eight < 200 + 900);  // not 200 + 8 * 200: the file has 900 rows
  CHECK(sixteen == eight);
  CHECK(labels(R"({ name = "joint_retraining", trajectory = "reversal", phase_count = 8 })",
               kTable) == eight);
  CHECK(labels(R"({ name = "continual", trajectory = "reversal", phase_count = 8 })",
               R"({ name = "two_shortcuts" })") == 200 + 8 * 200);
}

TEST_CASE("a reward reveals a label where it tells the right class, and only then a row counts") {
  constexpr const char* kTraining = "{ steps = 60, rows = 100, batch = 20 }";
  constexpr const char* kFourClasses = R"({ name = "latent_rule" })";
  const auto stream = [](const std::string& name) {
    return fmt::format(
        R"({{ name = "{}", trajectory = "fixed", phase_count = 1, pretrain_fraction = 0.0, windows = 4 }})",
        name);
  };
  const auto rewarded = [](const TrialResult& trial) {
    double share = 0.0;
    double rows = 0.0;
    for (const Measurement& row : trial.measurements) {
      if (row.domain != "stream") continue;
      if (row.metric == "prequential_accuracy") share = row.value;
      if (row.metric == "window_rows") rows += share * row.value;
    }
    return std::llround(rows);
  };
  constexpr std::int64_t kRows = 60 * 2 * 20;
  const TrialResult bandit = run(kFourClasses, stream("online_bandit"), kTraining).front();
  CHECK(rewarded(bandit) < kRows);
  CHECK(bandit.cost.labels_used == rewarded(bandit));
  CHECK(bandit.cost.rows_seen == rewarded(bandit));
  const Cost told = cost(kFourClasses, stream("online"), kTraining);
  CHECK(told.labels_used == kRows);
  CHECK(told.rows_seen == kRows);
  CHECK(bandit.cost.flops == told.flops);  // every row passes the model
  // With two classes a wrong choice tells the label as well.
  const Cost two = cost(R"({ name = "two_shortcuts" })", stream("online_bandit"), kTraining);
  CHECK(two.labels_used == kRows);
  CHECK(two.rows_seen == kRows);
}

TEST_CASE("continual_backprop is counted the pass through the hidden layers that it makes itself") {
  constexpr const char* kWorld = R"({ name = "two_bit" })";
  constexpr const char* kRegime =
      R"({ name = "continual", trajectory = "fixed", phase_count = 1 })";
  constexpr const char* kModel = R"({ name = "mlp", width = 6, depth = 2 })";
  const auto flops = [&](const char* method, const char* model) {
    return cost(kWorld, kRegime, "{ steps = 40, rows = 100, batch = 10 }", method, model).flops;
  };
  // Two train domains; 2 inputs to 6 units to 6 units.
  constexpr double kRows = 40 * 2 * 10;
  CHECK(flops("continual_backprop", kModel) - flops("erm", kModel) ==
        Approx(kRows * 2.0 * (2 * 6 + 6 * 6)));
  constexpr const char* kLinear = R"({ name = "linear" })";  // has no hidden layer
  CHECK(flops("continual_backprop", kLinear) == flops("erm", kLinear));
}
