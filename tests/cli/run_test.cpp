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
  CHECK_THAT(
      first.out,
      Contains("6 trials in results/toy: 6 done, 0 diverged, 0 failed; 0 found in the store, "
               "6 run in "));
  CHECK_THAT(first.out, Contains("Which method does better?"));
  CHECK_THAT(first.out, Contains("spurion report results/toy"));
  CHECK(read_results(shell.path("results/toy")).trials.size() == 6);

  const std::string content = store_content(shell.path("results/toy"));
  const Finished second = shell.run({"run", "toy.toml"});
  CHECK(second.code == 0);
  CHECK_THAT(second.out, Contains("6 done, 0 diverged, 0 failed; all were found in the store"));
  CHECK(store_content(shell.path("results/toy")) == content);
}

TEST_CASE("a larger suite runs only what is new") {
  Shell shell;
  shell.write("toy.toml", toy_suite(4, 5));
  CHECK(shell.run({"run", "toy.toml", "--out", "out"}).code == 0);
  shell.write("toy.toml", toy_suite(10, 5));
  const Finished grown = shell.run({"run", "toy.toml", "--out", "out"});
  CHECK_THAT(
      grown.out,
      Contains("10 trials in out: 10 done, 0 diverged, 0 failed; 4 found in the store, 6 run"));
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
             Contains("there is no device 'cuda:99': LibTorch") && Contains("offers cpu"));
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
  CHECK_THAT(dry.out, Contains("methods are compared without all controls") &&
                          Contains("random_penalty") && Contains("counterfactual_augmentation"));
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
  shell.write("toy.toml",
              toy_suite(4, 200) + "[experiment.search]\nconfigurations = 1\nfields = []\n");
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
  CHECK_THAT(report.out, Contains("results/toy/report.html\n") && Contains("results/toy/csv: ") &&
                             Contains("Open report.html first") &&
                             Contains("'spurion report results/toy --text' prints the answers"));
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

TEST_CASE("an edited suite reports its own trials only, and the others can be seen and dropped") {
  Shell shell;
  shell.write("toy.toml", toy_suite(6, 5));
  CHECK(shell.run({"run", "toy.toml", "--out", "out"}).code == 0);
  shell.write("toy.toml", toy_suite(4, 7));
  const Finished edited = shell.run({"run", "toy.toml", "--out", "out"});
  CHECK_THAT(edited.out, Contains("4 trials in out: 4 done") &&
                             Contains("6 other trials in the store belong to no experiment"));
  CHECK(shell.run({"report", "out"}).code == 0);
  const std::string html = read_file(shell.path("out/report.html"));
  CHECK_THAT(html, Contains("4 done of 4; 0 diverged") && Contains("6 other trials in the store"));
  CHECK(shell.run({"report", "out", "--all", "--to", "whole"}).code == 0);
  CHECK_THAT(read_file(shell.path("whole/csv/results.csv")), Contains("grid (not in the suite)"));
  CHECK_THAT(read_file(shell.path("whole/report.html")),
             Contains("4 done of 4; 0 diverged, 0 failed; 6 others that are not in the suite"));
  CHECK(read_file(shell.path("out/csv/results.csv")).find("not in the suite") == std::string::npos);

  const Finished dry = shell.run({"prune", "out", "--dry-run"});
  CHECK(dry.out == "would drop 6 trials that belonged to experiment 'grid'\n");
  CHECK(shell.run({"prune", "out"}).out == "dropped 6 trials that belonged to experiment 'grid'\n");
  CHECK_THAT(shell.run({"prune", "out"}).out, Contains("nothing to drop"));
  CHECK(read_results(shell.path("out"), {true}).trials.size() == 4);
}

TEST_CASE("a report as text writes nothing, and one elsewhere leaves the folder alone") {
  Shell shell(Start::program);
  shell.write("toy.toml", toy_suite(4, 5));
  CHECK(shell.run({"run", "toy.toml", "--out", "out"}).code == 0);
  const auto names = [&] {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(shell.path("out"))) {
      all += entry.path().filename().string() + '\n';
    }
    return all;
  };
  const std::string before = names();
  {
    const Store writer(shell.path("out"));  // as a run would hold it
    const Finished text = shell.run({"report", "out", "--text"});
    CHECK(text.code == 0);
    CHECK_THAT(text.out, Contains("Which method does better?"));
    const Finished elsewhere = shell.run({"report", "out", "--to", "reports/new"});
    CHECK(elsewhere.code == 0);
    CHECK_THAT(elsewhere.out, Contains("reports/new/report.html\n"));
    CHECK(std::filesystem::exists(shell.path("reports/new/csv/results.csv")));
  }
  CHECK(names() == before);
  CHECK(shell.run({"report", "out", "--text", "--to", "x"}).code == 2);
}

TEST_CASE("trials of another instruction set are refused, made again, or told") {
  Shell shell(Start::program);
  shell.write("toy.toml", toy_suite(2, 5));
  CHECK(shell.run({"run", "toy.toml", "--out", "out"}).code == 0);
  shell.write("toy.toml", toy_suite(4, 5));
  shell.set("ATEN_CPU_CAPABILITY", "default");
  shell.set("ONEDNN_MAX_CPU_ISA", "SSE41");
  const Finished refused = shell.run({"run", "toy.toml", "--out", "out"});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("2 trials of this suite that something else made") &&
                              Contains("instruction sets: ") && Contains("--rerun-changed"));
  const Finished mixed = shell.run({"run", "toy.toml", "--out", "out", "--allow-mixed"});
  CHECK(mixed.code == 0);
  CHECK_THAT(mixed.out, Contains("different instruction sets"));
  const Finished again = shell.run({"run", "toy.toml", "--out", "out", "--rerun-changed"});
  CHECK_THAT(again.out, Contains("2 of them in place of trials that something else had made"));
  CHECK(again.out.find("different instruction sets") == std::string::npos);
}
