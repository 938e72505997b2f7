// Plans: written once, and read by every part of a run.
#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "harness/plan/expansion.hpp"
#include "harness/run/run_by_looks.hpp"
#include "harness/run/shard_trials.hpp"
#include "harness/store/merge_stores.hpp"
#include "harness/store/missing_trials.hpp"
#include "harness/store/plan_file.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// The tiny suite, with a second experiment that shares half of its trials.
Suite shared_suite() {
  return Suite::parse(tests::tiny_suite() + R"toml(
[[experiment]]
name = "part"
[experiment.grid]
method = [{ name = "erm" }]
"optimizer.learning_rate" = [0.01, 0.1]
)toml",
                      "tiny.toml");
}

/// All numbers of each trial of each experiment.
std::map<std::string, std::vector<double>> numbers_in(const fs::path& folder) {
  std::map<std::string, std::vector<double>> numbers;
  for (const TrialResult& trial : read_results(folder).trials) {
    auto& own = numbers[trial.spec.experiment + ' ' + trial.spec.id()];
    for (const MeasurementRow row : trial.measurements) {
      own.push_back(std::isnan(row.value) ? -99.0 : row.value);
    }
  }
  return numbers;
}

std::string bytes_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

void write_bytes(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("shards of a plan, merged, are the whole run to the bit") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  const fs::path all = folder.path() / "all";
  const Suite suite = shared_suite();
  RunOptions options;
  options.jobs = 1;
  options.out = folder.path() / "whole";
  run_suite(suite, catalog, options);

  options.out = all;
  const fs::path file = all / harness::kPlanFile;
  harness::write_plan(harness::plan_of(harness::check_run(suite, catalog, options), suite, options),
                      file);
  const harness::TrialPlan plan = harness::read_plan(file);
  CHECK(plan.distinct == 12);
  CHECK(plan.trials.size() == 12);
  CHECK(plan.shared.size() == 6);
  CHECK(plan.suite_text == suite.stored_text());
  CHECK(plan.packs.size() >= 2);

  for (std::int64_t number = 1; number <= 3; ++number) {
    options.shard = {number, 3};
    options.out = all / fmt::format("shard_{}_of_3", number);
    harness::CheckedRun run = harness::check_planned(plan, catalog, options);
    CHECK(run.distinct == 12);
    harness::run_suite_checked(suite, catalog, run, options);
    const auto progress = harness::progress_of(plan, harness::trials_of_folder(all));
    CHECK(progress.done == 4 * number);
    CHECK(progress.missing == 12 - 4 * number);
    CHECK(progress.seconds_each > 0.0);
  }
  CHECK(harness::merge_stores(all, harness::shard_stores(all)).trials == 12);
  CHECK(numbers_in(all) == numbers_in(folder.path() / "whole"));
}

TEST_CASE("what is missing of a plan is a plan of its own") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  const Suite suite = shared_suite();
  RunOptions options;
  options.jobs = 1;
  options.out = folder.path();
  const harness::TrialPlan plan =
      harness::plan_of(harness::check_run(suite, catalog, options), suite, options);
  std::set<harness::TrialId> done;
  for (std::size_t i = 0; i < plan.trials.size(); i += 2) done.insert(plan.trials[i].id);
  const harness::TrialPlan left =
      harness::left_of(plan, [&](const harness::TrialId& id) { return done.count(id) != 0; });
  CHECK(left.trials.size() == 6);
  harness::write_plan(left, folder.path() / "missing_1.plan");
  const harness::CheckedRun run = harness::check_planned(
      harness::read_plan(folder.path() / "missing_1.plan"), catalog, options);
  // With the second experiments of those that are shared.
  CHECK(run.ids.size() == left.trials.size() + left.shared.size());
  for (const harness::TrialId& id : run.ids) CHECK(done.count(id) == 0);
}

TEST_CASE("a plan that is damaged, of another build, or no plan is refused") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  const fs::path file = folder.path() / harness::kPlanFile;
  CHECK_THROWS_WITH(harness::read_plan(file), Contains("there is no plan"));
  harness::TrialPlan plan;
  plan.suite_name = "s";
  plan.code = "0123456789";
  plan.version = "0.0.1";
  plan.packs = {{2, 1e9, 1e6}};
  plan.trials = {{0, {1, 2}}, {1, {3, 4}}};
  harness::write_plan(plan, file);
  CHECK(harness::read_plan(file).trials[1].id.low == 4);
  RunOptions options;
  options.out = folder.path();
  CHECK_THROWS_WITH(harness::check_planned(harness::read_plan(file), catalog, options),
                    Contains("another build of spurion (0.0.1, code 01234567"));
  const std::string bytes = bytes_of(file);
  for (const std::size_t at : {std::size_t{20}, bytes.size() / 2, bytes.size() - 1}) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    write_bytes(file, damaged);
    CHECK_THROWS_WITH(harness::read_plan(file), Contains("is damaged"));
    write_bytes(file, bytes.substr(0, at));
    CHECK_THROWS_WITH(harness::read_plan(file), Contains("is damaged"));
  }
  write_bytes(file, "name = \"a suite\"\n");
  CHECK_THROWS_WITH(harness::read_plan(file), Contains("is not a plan"));
}

TEST_CASE("places of an expansion are made without the trials between them") {
  const Catalog catalog = builtin_catalog();
  std::string text = tests::tiny_suite();
  text = tests::replaced(text, "[[question]]",
                         "[experiment.search]\nconfigurations = 3\n"
                         "fields = [\"optimizer.weight_decay\"]\n[[question]]");
  const Suite suite = Suite::parse(text, "tiny.toml");
  const harness::Expansion whole = harness::expand(suite, catalog, 0.0);
  REQUIRE(whole.ids.size() == 36);
  const std::vector<std::uint32_t> places = {0, 4, 5, 17, 35};
  const harness::Expansion some = harness::expand_places(suite, catalog, places);
  REQUIRE(some.ids.size() == places.size());
  for (std::size_t i = 0; i < places.size(); ++i) CHECK(some.ids[i] == whole.ids[places[i]]);
}

TEST_CASE("a run that is told to stop saves its place, however rarely it does so else") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  const Suite suite =
      Suite::parse(tests::replaced(tests::tiny_suite(), "steps = 7", "steps = 400"), "tiny.toml");
  RunOptions options;
  options.jobs = 1;
  options.out = folder.path() / "whole";
  run_suite(suite, catalog, options);

  std::atomic<bool> stop{false};
  options.out = folder.path() / "stopped";
  options.checkpoint_seconds = 3600.0;
  options.stop = &stop;
  options.progress = [&](const Progress& now) {
    if (now.share > 0.0) stop = true;
  };
  CHECK_THROWS_AS(run_suite(suite, catalog, options), Interrupted);
  std::size_t states = 0;
  for (const auto& entry : fs::directory_iterator(options.out / "checkpoints")) {
    states += entry.path().extension() == ".state" ? 1 : 0;
  }
  CHECK(states == 1);
  options.stop = nullptr;
  options.progress = {};
  run_suite(suite, catalog, options);
  CHECK(numbers_in(options.out) == numbers_in(folder.path() / "whole"));
}
