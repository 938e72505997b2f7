#include <sys/stat.h>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/store.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  text.replace(text.find(what), what.size(), with);
  return text;
}

}  // namespace

TEST_CASE("an unknown suite is answered with the nearest and the list") {
  Shell shell;
  const Finished finished = shell.run({"run", "first_lok"});
  CHECK(finished.code == 2);
  CHECK(finished.out.empty());
  CHECK_THAT(finished.err, Contains("spurion: unknown suite 'first_lok'; did you mean "
                                    "'first_look'? No suite that comes with "));
  const Finished file = shell.run({"run", "first_lok.toml"});
  CHECK(file.code == 2);
  CHECK_THAT(file.err, Contains("there is no file 'first_lok.toml' in /") &&
                           Contains("have names without '.toml'") && Contains("'first_look'"));
}

TEST_CASE("a suite in a folder of suites has the folder's name in front") {
  Shell shell;
  std::filesystem::create_directories(shell.path("suites") / "shelf");
  shell.write("suites/shelf/tiny_study.toml", "name = \"tiny_study\"\ntitle = \"A tiny study\"\n");
  shell.set("SPURION_SUITES", shell.path("suites").string());
  CHECK_THAT(shell.run({"list", "suites"}).out, Contains("\n  shelf/tiny_study "));
  CHECK_THAT(shell.run({"run", "shelf/tiny_study"}).err, Contains("has no [[experiment]]"));
  for (const char* name : {"tiny_study", "shelf/tiny_stduy"}) {
    const Finished finished = shell.run({"run", name});
    CHECK(finished.code == 2);
    CHECK_THAT(finished.err,
               Contains("unknown suite") && Contains("did you mean 'shelf/tiny_study'?"));
  }
}

TEST_CASE("everything wrong with a suite is said at once, with lines") {
  Shell shell;
  shell.write("bad.toml", R"(name = "bad"
[defaults]
environment = { name = "two_bits" }
model = { name = "mlp", widht = 8 }
regime = { name = "offline" }
method = { name = "irmv1" }
training = { steps = -3 }
[[experiment]]
name = "one"
)");
  const Finished finished = shell.run({"run", "bad.toml"});
  CHECK(finished.code == 2);
  CHECK(finished.out.empty());
  CHECK_THAT(finished.err,
             Contains("bad.toml:3:24: unknown environment 'two_bits'; did you mean 'two_bit'?"));
  CHECK_THAT(finished.err,
             Contains("bad.toml:4:33: unknown option 'widht' of mlp; did you mean 'width'?"));
  CHECK_THAT(finished.err,
             Contains("bad.toml:6:19: unknown method 'irmv1'; did you mean 'irm_v1'?"));
  CHECK_THAT(finished.err,
             Contains("bad.toml:7:22: 'steps' of training must be in [0, 1000000000000], got -3"));
  CHECK_FALSE(std::filesystem::exists(shell.path("results")));
}

TEST_CASE(
    "worlds without finite numbers and models that a method cannot train are refused by name") {
  Shell shell;
  shell.write("odd.toml", R"(name = "odd"
[defaults]
model = { name = "mlp", width = 4 }
regime = { name = "offline" }
method = { name = "irm_v1", dummy = "inputs" }
training = { steps = 2, rows = 20, batch = 0 }
[[experiment]]
name = "overflows"
environment = { name = "confounded", causal_effect = 1e308, hidden_effect = 2.5 }
[[experiment]]
name = "has_no_such_dummy"
environment = { name = "two_bit" }
)");
  const Finished finished = shell.run({"run", "odd.toml", "--dry-run"});
  CHECK(finished.code == 2);
  CHECK_THAT(
      finished.err,
      Contains("environment 'confounded' with causal_effect = 1e+308: the ceiling 'bayes' of "
               "domain 'train_0' is no number"));
  CHECK_THAT(finished.err, Contains("needs a model that is linear in its inputs"));
}

TEST_CASE("questions that could not be answered are refused before the first trial") {
  Shell shell;
  shell.write("asked.toml", R"(name = "asked"
[[experiment]]
name = "one"
environment = { name = "two_bit" }
model = { name = "linear" }
method = { name = "erm" }
regime = { name = "offline" }
training = { steps = 1, rows = 8 }
[[question]]
text = "?"
kind = "published"
experiment = "one"
rows = [{ label = "ERM", domain = "test", metric = "accuracy", spread = 0.1, runs = 3 }]
[[question]]
text = "?"
kind = "gap_against_scale"
experiment = "one"
[[question]]
text = "?"
kind = "trend"
experiment = "one"
axis = "training.steps"
)");
  for (const char* way : {"--dry-run", "--quiet"}) {
    const Finished finished = shell.run({"run", "asked.toml", way});
    CHECK(finished.code == 2);
    CHECK_THAT(finished.err, Contains("needs value") &&
                                 Contains("'gap_against_scale' needs axis") &&
                                 Contains("needs claim"));
    CHECK_FALSE(std::filesystem::exists(shell.path("results")));
  }
}

TEST_CASE("a suite that is no TOML is answered with line and column") {
  Shell shell;
  shell.write("broken.toml", "name = \"x\"\nseeds = = 3\n");
  const Finished finished = shell.run({"run", "broken.toml"});
  CHECK(finished.code == 2);
  CHECK_THAT(finished.err, Contains("spurion: broken.toml:2:9: "));
}

TEST_CASE("a method that needs to see more than its regime grants is told which regime does") {
  Shell shell;
  shell.write("blind.toml", R"(name = "blind"
[defaults]
environment = { name = "two_bit" }
model = { name = "linear" }
method = { name = "reweighted_erm" }
regime = { name = "offline" }
[[experiment]]
name = "one"
)");
  const Finished finished = shell.run({"run", "blind.toml", "--dry-run"});
  CHECK(finished.code == 2);
  CHECK_THAT(finished.err,
             Contains("blind.toml:5:10: method 'reweighted_erm' needs group labels, which regime "
                      "'offline' does not grant") &&
                 Contains("regime = { name = \"offline\", group_labels = true } or "
                          "{ name = \"test_time\", group_labels = true } does"));
}

TEST_CASE("an experiment without an environment and a method is refused before anything runs") {
  Shell shell;
  shell.write("missing.toml", "name = \"missing\"\n[[experiment]]\nname = \"one\"\n");
  const Finished finished = shell.run({"run", "missing.toml"});
  CHECK(finished.code == 2);
  CHECK_THAT(finished.err,
             Contains("experiment 'one' names no environment") && Contains("names no method"));
}

TEST_CASE("missing image data says what to type") {
  Shell shell;
  for (const char* dry : {"--dry-run", "--quiet"}) {
    const Finished finished = shell.run({"run", "first_look", dry, "--out", "out"});
    CHECK(finished.code == 3);
    CHECK_THAT(finished.err, Contains("'fashion_mnist' is not installed") &&
                                 Contains("datasets/install.sh fashion_mnist"));
    CHECK_FALSE(std::filesystem::exists(shell.path("out")));
  }
}

TEST_CASE("an output folder that cannot be used is one clear error") {
  Shell shell;
  shell.write("toy.toml", toy_suite(2, 1));
  shell.write("file", "");
  const Finished under_file = shell.run({"run", "toy.toml", "--out", "file/out"});
  CHECK(under_file.code == 6);
  CHECK_THAT(under_file.err, Contains("spurion: output folder 'file/out' cannot be used: '") &&
                                 Contains("/file': it is not a folder\n"));

  const Finished in_proc = shell.run({"run", "toy.toml", "--out", "/proc"});
  CHECK(in_proc.code == 6);
  CHECK_THAT(in_proc.err, Contains("spurion: output folder '/proc' is not writable: "));

  std::filesystem::create_directory(shell.path("damaged"));
  shell.write("damaged/store.sqlite", "this is no database, it only looks like a file of one\n");
  const Finished damaged = shell.run({"run", "toy.toml", "--out", "damaged"});
  CHECK(damaged.code == 6);
  CHECK_THAT(damaged.err, Contains("damaged/store.sqlite"));
}

TEST_CASE("one writer at a time") {
  Shell shell(Start::program);
  shell.write("toy.toml", toy_suite(2, 1));
  const Store holder(shell.path("out"));
  const Finished second = shell.run({"run", "toy.toml", "--out", "out"});
  CHECK(second.code == 6);
  CHECK(second.err ==
        "spurion: output folder 'out' is in use by another spurion process; wait for it, or use "
        "another --out\n");
}

TEST_CASE("a report of nothing says what to do") {
  Shell shell;
  const Finished none = shell.run({"report", "results/toy"});
  CHECK(none.code == 6);
  CHECK(
      none.err ==
      "spurion: 'results/toy' is not a folder; 'spurion run SUITE --out results/toy' makes one\n");
  std::filesystem::create_directory(shell.path("empty"));
  const Finished empty = shell.run({"report", "empty"});
  CHECK(empty.code == 6);
  CHECK(empty.err == "spurion: 'empty' holds no store (*.sqlite); run a suite into it first\n");
}

TEST_CASE("a plug-in that does not exist is refused before the command runs") {
  Shell shell;
  for (const auto& arguments : {std::vector<std::string>{"--plugin", "none.so", "list"},
                                std::vector<std::string>{"list", "--plugin", "none.so"}}) {
    const Finished finished = shell.run(arguments);
    CHECK(finished.code == 4);
    CHECK(finished.out.empty());
    CHECK(finished.err == "spurion: plug-in 'none.so' does not exist\n");
  }
  REQUIRE(::mkfifo(shell.path("pipe.so").c_str(), 0600) == 0);
  const Finished pipe = shell.run({"list", "--plugin", "pipe.so"});
  CHECK(pipe.code == 4);
  CHECK(pipe.err == "spurion: plug-in 'pipe.so' is a pipe, not a library\n");
  // A suite may name plug-ins, next to itself.
  std::filesystem::create_directory(shell.path("suites"));
  shell.write("suites/toy.toml",
              replaced(toy_suite(2, 1), "seeds", "plugins = [\"gone.so\"]\nseeds"));
  const Finished suite = shell.run({"run", "suites/toy.toml"});
  CHECK(suite.code == 4);
  CHECK(suite.err == "spurion: plug-in 'suites/gone.so' does not exist\n");
}

TEST_CASE("what does not fit is found before anything is written") {
  Shell shell;
  shell.write("table.toml", replaced(toy_suite(2, 1), "two_bit", "table"));
  CHECK(shell.run({"run", "table.toml", "--quiet", "--out", "good"}).code == 0);
  shell.write("rows.toml", replaced(replaced(toy_suite(2, 1), "two_bit", "table"), "rows = 33",
                                    "rows = 100000"));
  shell.write("model.toml", replaced(toy_suite(2, 1), "\"mlp\", width = 8, depth = 1", "\"cnn\""));
  for (const char* dry : {"--quiet", "--dry-run"}) {
    const Finished rows = shell.run({"run", "rows.toml", dry, "--out", "out"});
    CHECK(rows.code == 2);
    CHECK_THAT(rows.err, Contains("rows.toml:8:") &&
                             Contains("experiment 'grid': training.rows = 100000 is more than"));
    const Finished model = shell.run({"run", "model.toml", dry, "--out", "out"});
    CHECK(model.code == 2);
    CHECK_THAT(model.err, Contains("model.toml:6:") && Contains("experiment 'grid': cnn"));
    CHECK_FALSE(std::filesystem::exists(shell.path("out")));
  }
}

TEST_CASE("a name that cannot be part of a file's name is refused before anything runs") {
  Shell shell;
  shell.write("slash.toml", replaced(replaced(toy_suite(2, 1), "name = \"grid\"", "name = \"a/b\""),
                                     "experiment = \"grid\"", "experiment = \"a/b\""));
  const Finished slash = shell.run({"run", "slash.toml"});
  CHECK(slash.code == 2);
  CHECK_THAT(slash.err, Contains("slash.toml:11:8: 'name' of [[experiment]] expects a name of"));
  CHECK_FALSE(std::filesystem::exists(shell.path("results")));
}

TEST_CASE("memory without a unit is a number of bytes, and the message says so") {
  Shell shell;
  shell.write("toy.toml", toy_suite(2, 1));
  for (const char* dry : {"--quiet", "--dry-run"}) {
    const Finished bare = shell.run({"run", "toy.toml", dry, "--memory", "600"});
    CHECK(bare.code == 2);
    CHECK_THAT(bare.err,
               Contains("expects a size such as 512M or 8G, got '600', which is 600 bytes"));
  }
}
