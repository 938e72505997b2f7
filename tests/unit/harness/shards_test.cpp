// Suites that several machines train, a part each.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// What identifies each trial, and all its numbers.
std::map<std::string, std::vector<double>> numbers_of(const StoredResults& results) {
  std::map<std::string, std::vector<double>> numbers;
  for (const TrialResult& trial : results.trials) {
    std::vector<double>& own =
        numbers[fmt::format("{} {} {}", trial.spec.method.name,
                            trial.spec.optimizer.canonical_json(), trial.spec.seed)];
    CHECK(own.empty());
    for (const MeasurementRow row : trial.measurements) own.push_back(row.value);
  }
  return numbers;
}

}  // namespace

TEST_CASE("the shards of a suite have each trial once, with the same numbers as the whole") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  const Suite suite = Suite::parse(tests::tiny_suite(), "s.toml");
  RunOptions options;
  options.jobs = 1;
  options.out = folder.path() / "whole";
  run_suite(suite, catalog, options);
  std::filesystem::create_directory(folder.path() / "all");
  std::int64_t trained = 0;
  for (std::int64_t number = 1; number <= 3; ++number) {
    options.shard = {number, 3};
    options.out = folder.path() / fmt::format("part_{}", number);
    const Progress progress = run_suite(suite, catalog, options);
    CHECK(progress.trials_total == 4);  // all of these trials cost the same
    trained += progress.trials_total;
    std::filesystem::copy_file(options.out / "store.sqlite",
                               folder.path() / "all" / fmt::format("part_{}.sqlite", number));
  }
  CHECK(trained == 12);
  CHECK(numbers_of(read_results(folder.path() / "all")) ==
        numbers_of(read_results(folder.path() / "whole")));
}

TEST_CASE("a shard that there is not, and a part of a suite that may stop early, are refused") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path() / "run";
  options.shard = {4, 3};
  CHECK_THROWS_WITH(run_suite(Suite::parse(tests::tiny_suite(), "s.toml"), catalog, options),
                    Contains("there is no shard 4 of 3"));
  options.shard = {1, 3};
  const std::string stops = "seeds = 3\n[stopping]\nstop_when = \"decided\"\n";
  const std::string text = tests::replaced(tests::tiny_suite(), "seeds = 3\n", stops);
  CHECK_THROWS_WITH(run_suite(Suite::parse(text, "s.toml"), catalog, options),
                    Contains("cannot be split into shards"));
  CHECK_FALSE(std::filesystem::exists(options.out));
}
