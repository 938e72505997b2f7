#include <fmt/format.h>

#include <memory>
#include <set>
#include <vector>

#include "catch.hpp"
#include "nouns/seeds.hpp"
#include "spurion/run.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;

TEST_CASE(
    "trials that differ in seed and per-replica options share a pack; every trial is in one") {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto trials = Suite::parse(tests::tiny_suite(), "s.toml").trials(catalog);
  const auto packs = plan(trials, catalog, sources, {});
  CHECK(packs.size() == 2);  // one a method: learning rate and seed pack
  std::set<std::string> ids;
  for (const Pack& pack : packs) {
    CHECK(pack.flops > 0.0);
    for (const TrialSpec& trial : pack.trials) {
      CHECK(trial.method.name == pack.trials.front().method.name);
      CHECK(ids.insert(trial.id()).second);
    }
  }
  CHECK(ids.size() == trials.size());
}

TEST_CASE("a limit on replicas splits packs") {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto trials = Suite::parse(tests::tiny_suite(), "s.toml").trials(catalog);
  PlanOptions options;
  options.max_replicas = 4;
  CHECK(plan(trials, catalog, sources, options).size() == 4);
}

TEST_CASE("packs of one group are as many as the workers can share, and alike") {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto trials = Suite::parse(tests::tiny_suite(), "s.toml").trials(catalog);
  for (const std::int64_t jobs : {1, 2, 3}) {
    PlanOptions options;
    options.jobs = jobs;
    const auto packs = plan(trials, catalog, sources, options);
    CHECK(packs.size() == static_cast<std::size_t>(2 * jobs));
    for (std::size_t i = 0; i < packs.size(); ++i) {
      CHECK(packs[i].trials.size() == trials.size() / packs.size());
      if (i > 0) CHECK(packs[i - 1].flops >= packs[i].flops);
    }
  }
}

TEST_CASE("packs that run at once fit the memory, and what cannot fit alone is refused") {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto trials = Suite::parse(tests::tiny_suite(), "s.toml").trials(catalog);
  PlanOptions options;
  options.max_replicas = 1;
  const double alone = plan(trials, catalog, sources, options).front().memory_bytes;
  CHECK(alone > 0.0);
  options.max_replicas = 128;
  const double together = plan(trials, catalog, sources, options).front().memory_bytes;
  CHECK(together > alone);
  options.memory_bytes = alone;
  CHECK(plan(trials, catalog, sources, options).size() == trials.size());
  for (const double memory : {2.0 * alone, 0.5 * (alone + together), 3.0 * together}) {
    for (const std::int64_t jobs : {1, 2}) {
      options.memory_bytes = memory;
      options.jobs = jobs;
      for (const Pack& pack : plan(trials, catalog, sources, options)) {
        CHECK((pack.trials.size() == 1 || pack.memory_bytes <= memory / static_cast<double>(jobs)));
      }
    }
  }
  options.memory_bytes = 0.5 * alone;
  CHECK_THROWS_WITH(plan(trials, catalog, sources, options),
                    Catch::Contains("one trial of experiment 'grid' (two_bit, mlp, ") &&
                        Catch::Contains("raise --memory"));
}

TEST_CASE("a search of one method is one pack where memory allows") {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto trials = Suite::parse(R"toml(
name = "s"
seeds = 5
[[experiment]]
name = "e"
environment = { name = "two_shortcuts" }
model = { name = "linear" }
method = { name = "v_rex" }
regime = { name = "offline" }
training = { steps = 50, rows = 500, batch = 50 }
[experiment.search]
configurations = 20
fields = ["method.penalty_weight", "method.anneal_steps", "optimizer.learning_rate", "optimizer.weight_decay"]
)toml",
                                   "s.toml")
                          .trials(catalog);
  REQUIRE(trials.size() == 100);
  std::set<std::string> settings;
  for (const TrialSpec& trial : trials) settings.insert(trial.method.options.canonical_json());
  CHECK(settings.size() == 20);
  PlanOptions options;
  options.device = c10::Device(c10::kCUDA, 0);  // the cache of a CPU is no limit
  const auto packs = plan(trials, catalog, sources, options);
  REQUIRE(packs.size() == 1);
  CHECK(packs.front().trials.size() == 100);
  options.memory_bytes = 0.6 * packs.front().memory_bytes;
  const auto parts = plan(trials, catalog, sources, options);
  CHECK(parts.size() > 1);
  for (const Pack& part : parts) CHECK(part.memory_bytes <= options.memory_bytes);
}

TEST_CASE("more rows, wider models and more seeds need more memory") {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto memory = [&](const std::string& from, const std::string& to) {
    std::string text = tests::tiny_suite();
    text.replace(text.find(from), from.size(), to);
    const auto packs = plan(Suite::parse(text, "s.toml").trials(catalog), catalog, sources, {});
    return packs.front().memory_bytes / static_cast<double>(packs.front().trials.size());
  };
  const double usual = memory("rows = 33", "rows = 33");
  CHECK(memory("rows = 33", "rows = 300000") > usual + 2 * 300000 * 4 * 2);
  CHECK(memory("width = 5, depth = 1", "width = 1000, depth = 2") > usual + 1000 * 1000 * 4 * 4);
  CHECK(memory("rows = 101", "rows = 100000") > usual);
}

namespace {

/// Bytes a pack of one trial of this method and regime is expected to hold, and one of two.
std::pair<double, double> expected_memory(const std::string& method, const std::string& regime) {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto trials = Suite::parse(R"toml(
name = "s"
seeds = 2
[[experiment]]
name = "e"
environment = { name = "two_shortcuts" }
model = { name = "mlp", width = 64, depth = 2 }
training = { steps = 50, rows = 500, batch = 50 }
evaluation = { rows = 100, training_rows = 0 }
method = )toml" + method +
                                       "\nregime = " + regime,
                                   "s.toml")
                          .trials(catalog);
  REQUIRE(trials.size() == 2);
  return {pack_of({trials[0]}, catalog, sources).memory_bytes,
          pack_of(trials, catalog, sources).memory_bytes};
}

}  // namespace

TEST_CASE("what methods and regimes remember is part of a pack's memory") {
  const std::string online = R"({ name = "online", trajectory = "reversal" })";
  const auto of = [&](const std::string& method) { return expected_memory(method, online); };
  const double plain = of(R"({ name = "erm" })").first;
  // 100,000 rows of at least 5 inputs and a label of 8 bytes.
  const double row = 5 * 4.0 + 8.0;
  for (const char* name : {"experience_replay", "der_pp", "a_gem"}) {
    CAPTURE(name);
    const auto little = of(std::string("{ name = \"") + name + "\", memory = 10 }");
    const auto much = of(std::string("{ name = \"") + name + "\", memory = 100000 }");
    CHECK(little.first > plain);
    CHECK(much.first - little.first > 99990 * row);
    CHECK(much.second - little.second > 2 * 99990 * row);  // each replica has its own
  }
  const double few = of(R"({ name = "checkpoint_hedge", experts = 2 })").first;
  const double many = of(R"({ name = "checkpoint_hedge", experts = 100 })").first;
  const double parameters = 64 * 64 * 4.0;  // at least
  CHECK(many - few > 98 * parameters);
  const double phases = of(R"({ name = "phases_as_domains", memory = 10000 })").first;
  CHECK(phases - plain > 9 * 10000 * row);
  const double penalty =
      of(R"({ name = "ewc", penalty = "v_rex", penalty_over = "phases", penalty_memory = 10000 })")
          .first;
  CHECK(penalty - of(R"({ name = "ewc" })").first > 9 * 10000 * row);

  const std::string erm = R"({ name = "erm" })";
  const double delayed =
      expected_memory(erm, R"({ name = "online", trajectory = "reversal", label_delay = 1000 })")
          .first;
  CHECK(delayed - plain > 1000 * 50 * row);
  // Pooled training sets: more of them the longer the stream.
  const auto joint = [&](int count) {
    return expected_memory(erm,
                           "{ name = \"joint_retraining\", trajectory = \"reversal\", "
                           "phase_count = " +
                               std::to_string(count) + " }")
        .first;
  };
  CHECK(joint(41) - joint(1) > 40 * 500 * row);
}

TEST_CASE("a learner that acts has minibatches of its rollouts, whatever training.rows is") {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto pack_of = [&](std::int64_t rows, std::int64_t steps) {
    const std::string text = fmt::format(
        "name = \"s\"\nseeds = 2\n[defaults]\nenvironment = {{ name = \"brake_light\" }}\n"
        "model = {{ name = \"mlp\" }}\nmethod = {{ name = \"ppo\" }}\n"
        "regime = {{ name = \"policy_gradient\", rollout_steps = {} }}\n"
        "training = {{ steps = 8, rows = {}, batch = 64 }}\nevaluation = {{ training_rows = 0 }}\n"
        "[[experiment]]\nname = \"e\"\n",
        steps, rows);
    PlanOptions alone;
    alone.max_replicas = 1;
    return plan(Suite::parse(text, "s.toml").trials(catalog), catalog, sources, alone).front();
  };
  const Pack few = pack_of(8, 16);
  const Pack more = pack_of(64, 16);
  CHECK(few.flops == more.flops);
  CHECK(few.memory_bytes <= more.memory_bytes);
  CHECK(few.memory_bytes > 0.5 * more.memory_bytes);
  CHECK(pack_of(8, 64).flops == Approx(4.0 * few.flops));
}

TEST_CASE("replicas of a pack have equally many rows where the seed decides how many there are") {
  const Catalog catalog = builtin_catalog();
  const DataSources sources;
  const auto trials = Suite::parse(R"toml(
name = "finite"
seeds = 6
[defaults]
environment = { name = "table" }
model = { name = "linear" }
method = { name = "erm" }
regime = { name = "offline" }
training = { steps = 2, rows = 20, batch = 10 }
[[experiment]]
name = "e"
)toml",
                                   "s.toml")
                          .trials(catalog);
  const auto own_sources = std::make_shared<const DataSources>();
  const auto limits_of = [&](const TrialSpec& trial) {
    const auto environment = catalog.environments.at("table").make(
        {trial.environment.options}, EnvironmentContext{nouns::data_seed(trial), own_sources});
    std::vector<std::int64_t> limits;
    for (const Domain& domain : environment->train_domains()) {
      for (const Split split : {Split::train, Split::validation, Split::test}) {
        limits.push_back(environment->row_limit(domain, split));
      }
    }
    return limits;
  };
  std::set<std::vector<std::int64_t>> different;
  std::size_t planned = 0;
  for (const Pack& pack : plan(trials, catalog, sources, {})) {
    planned += pack.trials.size();
    for (const TrialSpec& trial : pack.trials) {
      CHECK(limits_of(trial) == limits_of(pack.trials.front()));
      different.insert(limits_of(trial));
    }
  }
  CHECK(planned == trials.size());
  CHECK(different.size() > 1);
}
