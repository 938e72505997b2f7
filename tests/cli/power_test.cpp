// How many seeds a suite needs, and pilots.
#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("a pilot of a few seeds plans the whole run, which goes on from it") {
  Shell shell;
  shell.write("toy.toml", toy_suite(10, 1));
  const Finished none = shell.run({"power", "toy.toml"});
  CHECK(none.code == 0);
  CHECK_THAT(none.out, Contains("There are no pilot trials") && Contains("seeds at least") &&
                           Contains("spurion run toy.toml --seeds 5"));
  REQUIRE(shell.run({"run", "toy.toml", "--out", "out", "--seeds", "3", "--quiet"}).code == 0);
  const Finished plan = shell.run({"power", "toy.toml", "--store", "out"});
  CHECK(plan.code == 0);
  CHECK_THAT(plan.out, Contains("irm_v1 minus erm") && Contains("seeds needed"));
  const Finished csv =
      shell.run({"power", "toy.toml", "--store", "out", "--difference", "0.1", "--format", "csv"});
  CHECK_THAT(csv.out, Contains("seeds_needed_low") && Contains("compare_methods"));
  for (const auto& wrong : std::vector<std::vector<std::string>>{
           {"--difference", "0"}, {"--difference", "x"}, {"--power", "1"}, {"--power", "0"}}) {
    std::vector<std::string> command = {"power", "toy.toml"};
    command.insert(command.end(), wrong.begin(), wrong.end());
    CHECK(shell.run(command).code == 2);
  }
  CHECK(shell.run({"power", "toy.toml", "--store", "nowhere"}).code == 6);
  const Finished rest = shell.run({"run", "toy.toml", "--out", "out"});
  CHECK_THAT(rest.out, Contains("10 trials in out") && Contains("6 found in the store"));
}
