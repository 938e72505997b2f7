#include <filesystem>

#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("a plan is run in parts that are counted and merged to what one machine makes") {
  Shell shell;
  shell.write("toy.toml", toy_suite(6, 5));
  const Finished plan = shell.run({"plan", "toy.toml", "--out", "out"});
  CHECK(plan.code == 0);
  CHECK_THAT(plan.out, Contains("suite toy: 6 trials in 2 packs of up to 3") &&
                           Contains("spurion run out/suite.plan --shard I/N"));
  CHECK_THAT(shell.run({"status", "out"}).out,
             Contains("suite toy: 0 of 6 trials are stored, in 0 stores; 6 missing"));
  CHECK(shell.run({"run", "out/suite.plan", "--shard", "2/2", "--quiet"}).code == 0);
  CHECK(std::filesystem::exists(shell.path("out/shard_2_of_2/store.sqlite")));
  const Finished half = shell.run({"status", "out"});
  CHECK_THAT(half.out, Contains("3 of 6 trials are stored, in 1 store; 3 missing") &&
                           Contains("3 done, 0 diverged, 0 failed") &&
                           Contains("spurion submit out/suite.plan --missing --tasks N"));
  CHECK(shell.run({"run", "out/suite.plan", "--shard", "1/2", "--quiet"}).code == 0);
  CHECK_THAT(shell.run({"status", "out"}).out, Contains("nothing is missing"));
  const Finished merged = shell.run({"merge", "out"});
  CHECK(merged.code == 0);
  CHECK(merged.out == "6 trials of 2 stores in out/store.sqlite; 6 new\n");
  CHECK(shell.run({"run", "toy.toml", "--out", "whole", "--quiet"}).code == 0);
  CHECK(store_content(shell.path("out")) == store_content(shell.path("whole")));
}

TEST_CASE("what a run without a plan lacks is found from the suite in its stores") {
  Shell shell;
  shell.write("toy.toml", toy_suite(6, 5));
  const Finished nothing = shell.run({"status", "out"});
  CHECK(nothing.code == 2);
  CHECK_THAT(nothing.err, Contains("'out' has no plan, and no store that keeps a suite"));
  CHECK(shell.run({"run", "toy.toml", "--out", "out", "--shard", "2/2", "--quiet"}).code == 0);
  const Finished half = shell.run({"status", "out"});
  CHECK(half.code == 0);
  CHECK_THAT(half.out, Contains("suite toy: 3 of 6 trials are stored, in 1 store; 3 missing") &&
                           Contains("left: about ") && Contains("of the stored trials") &&
                           Contains("next: the command 'spurion run' that made the stores"));
  const std::string ids = shell.run({"status", "out", "--ids"}).out;
  CHECK(ids.size() == 3 * 33);
  CHECK(shell.run({"run", "toy.toml", "--out", "out", "--shard", "1/2", "--quiet"}).code == 0);
  CHECK_THAT(store_content(shell.path("out/shard_1_of_2")), Contains(ids.substr(0, 32)));
  CHECK_THAT(shell.run({"status", "out"}).out,
             Contains("nothing is missing") && Contains("spurion merge out, spurion report"));
  // Of one store there is nothing to merge; a pilot of fewer seeds is whole by itself.
  CHECK(shell.run({"run", "toy.toml", "--out", "pilot", "--seeds", "1", "--quiet"}).code == 0);
  CHECK_THAT(shell.run({"status", "pilot"}).out,
             Contains("2 of 2 trials are stored") && Contains("next: spurion report pilot"));
  shell.write("other.toml", toy_suite(4, 6));
  CHECK(shell.run({"run", "other.toml", "--out", "out/more", "--quiet"}).code == 0);
  const Finished mixed = shell.run({"status", "out"});
  CHECK(mixed.code == 2);
  CHECK_THAT(mixed.err, Contains("its stores are of different suites") &&
                            Contains("out/more/store.sqlite") &&
                            Contains("out/shard_1_of_2/store.sqlite"));
}

TEST_CASE("GNU parallel runs the shards of a plan as README has it") {
  Shell shell;
  shell.use("/bin/sh");
  if (shell.run({"-c", "parallel --version | grep -q GNU"}).code != 0) {
    WARN("GNU parallel is not installed: this test did nothing");
    return;
  }
  shell.use(SPURION_CLI);
  shell.write("toy.toml", toy_suite(6, 5));
  REQUIRE(shell.run({"plan", "toy.toml", "--out", "out", "--quiet"}).code == 0);
  shell.use("/bin/sh");
  const Finished all = shell.run({"-c", "seq 2 | parallel -j 2 " SPURION_CLI
                                        " run out/suite.plan --shard {}/2 --jobs 1 --quiet"});
  CHECK(all.code == 0);
  shell.use(SPURION_CLI);
  CHECK_THAT(shell.run({"status", "out"}).out, Contains("nothing is missing"));
}

TEST_CASE("a submission is shown as a script of Slurm, for all trials or those that are missing") {
  Shell shell;
  shell.write("toy.toml", toy_suite(6, 5));
  CHECK(shell.run({"plan", "toy.toml", "--out", "out", "--quiet"}).code == 0);
  const Finished all = shell.run({"submit", "out/suite.plan", "--tasks", "3", "--max-parallel", "2",
                                  "--time", "1:00:00", "--sbatch=--qos=low", "--print"});
  CHECK(all.code == 0);
  CHECK_THAT(all.out, Contains("#SBATCH --signal=B:USR1@120\n") &&
                          Contains("#SBATCH --requeue\n") &&
                          Contains("#SBATCH --time=1:00:00\n#SBATCH --qos=low\n"));
  CHECK_THAT(all.out, Contains("out/suite.plan --shard \"$shard/3\" --jobs 1 --quiet &") &&
                          Contains("6 trials in 3 tasks of 1 core: about ") &&
                          Contains("sbatch --parsable --array=0-2%2 "));
  CHECK_FALSE(std::filesystem::exists(shell.path("out/submit_1.sh")));
  CHECK(shell.run({"run", "out/suite.plan", "--shard", "1/3", "--quiet"}).code == 0);
  const Finished again = shell.run({"submit", "out/suite.plan", "--tasks", "3", "--print"});
  CHECK(again.code == 2);
  CHECK_THAT(again.err, Contains("has 2 of the 6 trials of the plan") && Contains("--missing"));
  const Finished rest =
      shell.run({"submit", "out/suite.plan", "--tasks", "9", "--missing", "--print"});
  CHECK_THAT(rest.out, Contains("out/missing_1.plan --shard \"$shard/4\"") &&
                           Contains("4 trials in 4 tasks") && Contains("of the stored trials"));
}
