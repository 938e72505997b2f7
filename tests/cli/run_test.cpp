#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/store.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("a run stores every trial, ends with the answers, and a second run finds all done") {
  Shell shell;
  shell.write("toy.toml", toy_suite(6, 5));
  const Finished first = shell.run({"run", "toy.toml"});
  CHECK(first.code == 0);
  CHECK_THAT(first.out,
             Contains("6 trials in results/toy: 6 done, 0 diverged, 0 failed; 0 found there, "
                      "6 run in "));
  CHECK_THAT(first.out, Contains("Which method does better?"));
  CHECK_THAT(first.out, Contains("spurion report results/toy"));
  CHECK(read_results(shell.path("results/toy")).trials.size() == 6);

  const std::string content = store_content(shell.path("results/toy"));
  const Finished second = shell.run({"run", "toy.toml"});
  CHECK(second.code == 0);
  CHECK_THAT(second.out, Contains("6 done, 0 diverged, 0 failed; all were there already"));
  CHECK(store_content(shell.path("results/toy")) == content);
}

TEST_CASE("a larger suite runs only what is new") {
  Shell shell;
  shell.write("toy.toml", toy_suite(4, 5));
  CHECK(shell.run({"run", "toy.toml", "--out", "out"}).code == 0);
  shell.write("toy.toml", toy_suite(10, 5));
  const Finished grown = shell.run({"run", "toy.toml", "--out", "out"});
  CHECK_THAT(grown.out,
             Contains("10 trials in out: 10 done, 0 diverged, 0 failed; 4 found there, 6 run"));
}

TEST_CASE("a device that is not there is refused before anything is written") {
  Shell shell;
  shell.write("toy.toml", toy_suite(4, 5));
  const Finished typo = shell.run({"run", "toy.toml", "--device", "gpu"});
  CHECK(typo.code == 2);
  CHECK_THAT(typo.err, Contains("unknown device 'gpu'; did you mean 'cuda'?"));
  const Finished absent = shell.run({"run", "toy.toml", "--device", "cuda:99"});
  CHECK(absent.code == 2);
  CHECK_THAT(absent.err,
             Contains("there is no device 'cuda:99' here: LibTorch") && Contains("offers cpu"));
  CHECK_FALSE(std::filesystem::exists(shell.path("results")));
  CHECK(shell.run({"run", "toy.toml", "--device", "cpu"}).code == 0);
}

TEST_CASE("a dry run says what would run and touches nothing") {
  Shell shell;
  shell.write("toy.toml", toy_suite(6, 5));
  const Finished dry = shell.run({"run", "toy.toml", "--dry-run", "--jobs", "2"});
  CHECK(dry.code == 0);
  CHECK(dry.err.empty());
  CHECK_THAT(dry.out, Contains("experiment grid") && Contains("erm, irm_v1 (anneal_steps=3)"));
  CHECK_THAT(dry.out, Contains("6 distinct trials: 0 found in results/toy, 6 to run"));
  CHECK_THAT(dry.out, Contains("4 packs of up to 2 trials, on 2 workers"));
  CHECK_THAT(dry.out, Contains("FLOP"));
  CHECK_FALSE(std::filesystem::exists(shell.path("results")));

  CHECK(shell.run({"run", "toy.toml"}).code == 0);
  const auto written = std::filesystem::last_write_time(shell.path("results/toy/store.sqlite"));
  const Finished after = shell.run({"run", "toy.toml", "--dry-run"});
  CHECK_THAT(after.out, Contains("6 distinct trials: 6 found in results/toy, 0 to run"));
  CHECK(std::filesystem::last_write_time(shell.path("results/toy/store.sqlite")) == written);
}

TEST_CASE("quiet is quiet") {
  Shell shell;
  shell.write("toy.toml", toy_suite(2, 5));
  const Finished quiet = shell.run({"run", "toy.toml", "--quiet"});
  CHECK(quiet.code == 0);
  CHECK(quiet.out.empty());
  CHECK(quiet.err.empty());
}

TEST_CASE("diverged trials are outcomes, and errors only with --strict") {
  Shell shell;
  shell.write("toy.toml", toy_suite(4, 200) + "[experiment.search]\ndraws = 1\nfields = []\n");
  std::string suite = toy_suite(4, 200);
  const std::string plain = "[[experiment]]";
  suite.replace(suite.find(plain), plain.size(),
                "optimizer = { name = \"sgd\", learning_rate = 1e30 }\n[[experiment]]");
  shell.write("toy.toml", suite);
  const Finished run = shell.run({"run", "toy.toml"});
  CHECK(run.code == 0);
  CHECK_THAT(run.out,
             Contains("4 diverged") && Contains("loss or gradient was not finite at step"));
  // What was found in the store counts too.
  const Finished strict = shell.run({"run", "toy.toml", "--strict"});
  CHECK(strict.code == 5);
  CHECK(strict.err == "spurion: --strict: 4 trials diverged, 0 failed\n");
}

TEST_CASE("a report is written from what is stored") {
  Shell shell;
  shell.write("toy.toml", toy_suite(6, 5));
  CHECK(shell.run({"run", "toy.toml", "--quiet"}).code == 0);
  const Finished report = shell.run({"report", "results/toy"});
  CHECK(report.code == 0);
  CHECK_THAT(report.out, Contains("results/toy/report.html\n"));
  CHECK(std::filesystem::exists(shell.path("results/toy/report.html")));
  const Finished text = shell.run({"report", "results/toy", "--text"});
  CHECK_THAT(text.out, Contains("Which method does better?"));
}

TEST_CASE("a suite's path and an output folder may hold spaces") {
  Shell shell;
  std::filesystem::create_directory(shell.path("my suites"));
  shell.write("my suites/toy.toml", toy_suite(2, 1));
  CHECK(shell.run({"run", "my suites/toy.toml", "--out", "my results/a b"}).code == 0);
  CHECK(std::filesystem::exists(shell.path("my results/a b/store.sqlite")));
}
