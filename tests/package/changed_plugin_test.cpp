#include <fmt/format.h>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/store.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

std::string suite_of(int seeds) {
  return fmt::format(R"toml(
name = "changing"
seeds = {}
plugins = ["changing.so"]
[defaults]
environment = {{ name = "two_bit" }}
model = {{ name = "linear" }}
regime = {{ name = "offline" }}
training = {{ steps = 20, rows = 40, batch = 20 }}
evaluation = {{ rows = 100, training_rows = 0 }}
[[experiment]]
name = "grid"
[experiment.grid]
method = [{{ name = "erm" }}, {{ name = "changing" }}]
)toml",
                     seeds);
}

void build(const Shell& shell, const std::string& version) {
  std::filesystem::copy_file(std::string(SPURION_CHANGING_PLUGINS) + "/changing_" + version + ".so",
                             shell.path("changing.so"),
                             std::filesystem::copy_options::overwrite_existing);
}

}  // namespace

TEST_CASE("trials of a plug-in that was rebuilt are refused or made again, never averaged") {
  Shell shell;
  build(shell, "1");
  shell.write("s.toml", suite_of(2));
  CHECK(shell.run({"run", "s.toml", "--out", "out"}).code == 0);

  build(shell, "2");
  shell.write("s.toml", suite_of(4));
  const Finished refused = shell.run({"run", "s.toml", "--out", "out"});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("2 trials of this suite that something else made (plug-in "
                                   "changing 1.0 (file ") &&
                              Contains("plug-in changing 2.0 (file ") &&
                              Contains("--rerun-changed"));
  CHECK(shell.run({"run", "s.toml", "--out", "out", "--allow-mixed"}).code == 2);
  CHECK(read_results(shell.path("out")).trials.size() == 4);

  const Finished again = shell.run({"run", "s.toml", "--out", "out", "--rerun-changed"});
  CHECK(again.code == 0);
  CHECK_THAT(again.out, Contains("2 found in the store, 6 run in ") &&
                            Contains("2 of them in place of trials that something else had made"));
  CHECK(shell.run({"run", "s.toml", "--out", "fresh"}).code == 0);
  CHECK(store_content(shell.path("out")) == store_content(shell.path("fresh")));

  // The same bytes elsewhere are the same plug-in.
  std::filesystem::rename(shell.path("changing.so"), shell.path("moved.so"));
  std::string moved = suite_of(4);
  moved.replace(moved.find("changing.so"), 11, "moved.so");
  shell.write("s.toml", moved);
  CHECK_THAT(shell.run({"run", "s.toml", "--out", "out"}).out,
             Contains("all were found in the store"));

  // Stores of both in one folder do not agree on a trial that both hold.
  build(shell, "1");
  shell.write("s.toml", suite_of(2));
  CHECK(shell.run({"run", "s.toml", "--out", "old"}).code == 0);
  shell.write("s.toml", moved);
  std::filesystem::copy_file(shell.path("old/store.sqlite"), shell.path("out/old.sqlite"));
  const Finished both = shell.run({"report", "out", "--text"});
  CHECK(both.code == 6);
  CHECK_THAT(both.err, Contains("old.sqlite") && Contains("plug-in") && Contains("move one"));
}
