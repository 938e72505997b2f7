#include <string>
#include <vector>

#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr const char* kLampSuite = R"toml(
name = "lamps"
seeds = 3
[defaults]
environment = { name = "two_lamps" }
model = { name = "linear" }
training = { steps = 60, rows = 200, batch = 20 }
evaluation = { rows = 200, training_rows = 0 }
optimizer = { name = "adam", learning_rate = 0.05 }
[[experiment]]
name = "watched"
method = { name = "erm" }
[experiment.grid]
regime = [{ name = "offline" }, { name = "dagger", rounds = 2, labels = 20 }]
[[experiment]]
name = "acted"
method = { name = "ppo" }
regime = { name = "policy_gradient", rollout_steps = 4 }
[[question]]
text = "Which lamp do they follow?"
kind = "compare_policies"
experiment = "watched"
domain = "test"
)toml";

std::vector<std::string> with_lamps(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--plugin", SPURION_ACTING_PLUGIN});
  return arguments;
}

}  // namespace

TEST_CASE(
    "an environment of a plug-in that answers to actions conforms, is drawn, and is acted in") {
  Shell shell;
  const Finished selftest = shell.run(with_lamps({"selftest", "two_lamps"}));
  CAPTURE(selftest.out);
  CHECK(selftest.code == 0);
  CHECK_THAT(selftest.out, Contains("environment two_lamps") && Contains(" 0 failed"));
  const Finished described = shell.run(with_lamps({"describe", "two_lamps"}));
  CHECK_THAT(described.out, Contains("It answers to actions: left, right") &&
                                Contains("1 / horizon for the side of the true lamp"));
  CHECK(shell.run(with_lamps({"describe", "two_lamps", "--preview", "lamps.svg"})).code == 0);

  shell.write("s.toml", kLampSuite);
  const Finished run = shell.run(with_lamps({"run", "s.toml", "--out", "out", "--strict"}));
  CAPTURE(run.out, run.err);
  REQUIRE(run.code == 0);
  // What the environment knows of its policies is stored, so the report needs no plug-in.
  const Finished report = shell.run({"report", "out", "--text"});
  CHECK(report.code == 0);
  CHECK_THAT(report.out,
             Contains("Which lamp do they follow?") && Contains("dagger") && Contains("best 1.00"));
}
