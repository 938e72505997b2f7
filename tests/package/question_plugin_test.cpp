#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr const char* kAskedSuite = R"toml(
name = "asked"
seeds = 3
[defaults]
environment = { name = "two_bit" }
model = { name = "linear" }
method = { name = "erm" }
regime = { name = "offline" }
training = { steps = 20, rows = 40, batch = 20 }
evaluation = { rows = 100, training_rows = 0 }
[[experiment]]
name = "grid"
[[question]]
text = "Do the seeds agree?"
kind = "seed_spread"
experiment = "grid"
worry = 0.9
)toml";

}  // namespace

TEST_CASE("a kind of question of a plug-in is listed, described, checked, asked and reported") {
  const std::string plugin = SPURION_QUESTION_PLUGIN;
  Shell shell;
  shell.write("s.toml", kAskedSuite);
  CHECK_THAT(shell.run({"list", "questions", "--plugin", plugin}).out,
             Contains("seed_spread") && Contains("[question_lab 1.0]"));
  CHECK_THAT(shell.run({"describe", "seed_spread", "--plugin", plugin}).out,
             Contains("question kind seed_spread (question_lab 1.0)") && Contains("in [0, 1]"));
  CHECK_THAT(shell.run({"selftest", "seed_spread", "--plugin", plugin}).out,
             Contains("question kind seed_spread") && Contains(" 0 failed"));

  const Finished unknown = shell.run({"run", "s.toml", "--dry-run"});
  CHECK(unknown.code == 2);
  CHECK_THAT(unknown.err, Contains("s.toml:15:8: unknown question kind 'seed_spread'"));
  shell.write("wrong.toml", std::string(kAskedSuite) + "worri = 2\n");
  CHECK_THAT(shell.run({"run", "wrong.toml", "--dry-run", "--plugin", plugin}).err,
             Contains("wrong.toml:18:") && Contains("did you mean 'worry'?"));

  CHECK(shell.run({"run", "s.toml", "--out", "out", "--quiet", "--plugin", plugin}).code == 0);
  const Finished with = shell.run({"report", "out", "--text", "--plugin", plugin});
  CHECK(with.code == 0);
  CHECK_THAT(with.out, Contains("Do the seeds agree?") && Contains("erm: seeds are "));
  // Without the plug-in the others are answered, and it is said what is missing.
  const Finished without = shell.run({"report", "out", "--text"});
  CHECK(without.code == 0);
  CHECK_THAT(without.out,
             Contains("no question kind 'seed_spread' is known") && Contains("question_lab 1.0"));
}
