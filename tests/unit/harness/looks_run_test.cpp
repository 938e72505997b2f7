// Suites that stop before all seeds are trained.
#include <fmt/format.h>

#include <map>
#include <set>

#include "analysis/decided.hpp"
#include "catch.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "temporary_folder.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// Two experiments of up to eight seeds. The margin is so large that every question is decided at
/// the first look.
std::string stopping_suite(const std::string& question) {
  return R"toml(
name = "stops"
seeds = 8
[stopping]
stop_when = "decided"
looks = [4]
margin = 3.0
[defaults]
environment = { name = "two_bit" }
model = { name = "linear" }
regime = { name = "offline" }
training = { steps = 5, rows = 33, batch = 11 }
evaluation = { rows = 2000, training_rows = 0 }
[[experiment]]
name = "decided"
[experiment.grid]
method = [{ name = "erm" }, { name = "v_rex", penalty_weight = 50.0, anneal_steps = 0 }]
[[experiment]]
name = "other"
[experiment.grid]
method = [{ name = "erm" }, { name = "v_rex", penalty_weight = 1.0, anneal_steps = 0 }]
)toml" + question;
}

std::string asked(const std::string& experiment, const std::string& kind) {
  return fmt::format("[[question]]\ntext = \"?\"\nexperiment = \"{}\"\nkind = \"{}\"\n", experiment,
                     kind);
}

std::map<std::string, std::set<std::int64_t>> seeds_of(const StoredResults& results) {
  std::map<std::string, std::set<std::int64_t>> seeds;
  for (const TrialResult& trial : results.trials) {
    seeds[trial.spec.experiment].insert(trial.spec.seed);
  }
  return seeds;
}

}  // namespace

TEST_CASE("an experiment gets no further seeds once its questions are decided") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path() / "run";
  options.jobs = 1;
  const Suite suite = Suite::parse(stopping_suite(asked("decided", "compare_methods")), "s.toml");
  // No question is about the other experiment: nothing says that it needs no further seeds.
  const Progress first = run_suite(suite, catalog, options);
  CHECK(first.look == "look 2 of 2");
  const StoredResults results = read_results(options.out);
  auto seeds = seeds_of(results);
  CHECK(seeds["decided"].size() == 4);
  CHECK(seeds["other"].size() == 8);
  // Trials of both experiments that are the same are counted once.
  CHECK(first.trials_total == 8 + 4 + 8);
  CHECK(results.context.at("trials") == "20");
  CHECK_THAT(results.context.at("look.decided"), Contains("at 4 of 8 seeds it stopped"));
  CHECK_THAT(results.context.at("look.other"), Contains("at 8 of 8 seeds it ended"));
  // The same command finds all of it, and stops at the same looks.
  const Progress again = run_suite(suite, catalog, options);
  CHECK(again.trials_found == again.trials_total);
  CHECK(again.trials_total == first.trials_total);
  CHECK(seeds_of(read_results(options.out)) == seeds);
  const analysis::Study study(results);
  CHECK(study.test_level("decided") == Approx(0.00557).margin(1e-4));
  CHECK(study.test_level("other") == Approx(0.05 - 0.00557).margin(1e-4));
}

TEST_CASE("a question whose verdict holds for one look only cannot decide") {
  const Catalog catalog = builtin_catalog();
  const tests::TemporaryFolder folder;
  RunOptions options;
  options.out = folder.path() / "run";
  const Suite suite = Suite::parse(
      stopping_suite("[[question]]\ntext = \"?\"\nexperiment = \"other\"\nkind = \"selection\"\n"),
      "s.toml");
  CHECK_THROWS_WITH(run_suite(suite, catalog, options), Contains("cannot decide when a run stops"));
}

TEST_CASE("[stopping] is read with its limits") {
  const auto problem_of = [](const std::string& lines) {
    try {
      Suite::parse("name = \"s\"\nseeds = 8\n[[experiment]]\nname = \"e\"\n[stopping]\n" + lines,
                   "s.toml");
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(problem_of("stop_when = \"decided\"\nlooks = [2, 8]\nmargin = 0.1\n").empty());
  CHECK_THAT(problem_of("stop_when = \"soon\"\n"), Contains("one of: decided, never"));
  CHECK_THAT(problem_of("looks = [4, 4]\n"), Contains("rising"));
  CHECK_THAT(problem_of("looks = [1]\n"), Contains(">= 2"));
  CHECK_THAT(problem_of("looks = [9]\n"), Contains("beyond 8"));
  CHECK_THAT(problem_of("margin = -1.0\n"), Contains("a number >= 0"));
  CHECK_THAT(problem_of("look = [4]\n"), Contains("look"));
  const Suite suite = Suite::parse(stopping_suite(asked("other", "compare_methods")), "s.toml");
  CHECK(suite.stopping.looks == std::vector<std::int64_t>{4});
  const Suite same = Suite::parse(suite.to_toml(), "again.toml");
  CHECK(same.stopping.when_decided);
  CHECK(same.stopping.looks == suite.stopping.looks);
  CHECK(same.stopping.margin == 3.0);
}

TEST_CASE("a difference within the margin needs no further seeds") {
  analysis::Contrast contrast;
  contrast.difference.value = 0.01;
  contrast.difference.seeds = 10;
  contrast.error = 0.01;
  contrast.freedom = 9.0;
  CHECK_FALSE(analysis::is_decided(contrast, 0.0, 0.05));
  CHECK(analysis::is_decided(contrast, 0.04, 0.05));  // .01 + 2.26 * .01
  CHECK_FALSE(analysis::is_decided(contrast, 0.03, 0.05));
  CHECK_FALSE(analysis::is_decided(contrast, 0.04, 0.005));
  contrast.comparisons = 10;
  CHECK_FALSE(analysis::is_decided(contrast, 0.04, 0.05));
  contrast.noise.own = 0.1;
  CHECK_FALSE(analysis::is_decided(contrast, 0.06, 0.05));
  contrast.noise.own = 0.0;
  contrast.comparisons = 1;
  contrast.sign_flips = false;  // judged by intervals and a margin of its own
  CHECK_FALSE(analysis::is_decided(contrast, 0.04, 0.05));
  contrast.decided = true;
  CHECK(analysis::is_decided(contrast, 0.0, 0.05));
}
