#include <sys/resource.h>

#include <regex>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/store.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

/// Models on many rows: left alone, this takes more than the smaller budget below.
std::string hungry_suite() {
  return R"toml(
name = "hungry"
seeds = 12
[defaults]
environment = { name = "linear_unit_tests", example = "1" }
model = { name = "mlp", width = 128, depth = 2 }
regime = { name = "offline" }
training = { steps = 3, rows = 20000, batch = 4000 }
evaluation = { rows = 16000, training_rows = 16000 }
[[experiment]]
name = "grid"
[experiment.grid]
method = [{ name = "erm" }, { name = "irm_v1" }]
"optimizer.learning_rate" = [0.001, 0.01]
)toml";
}

/// "431 MB of 600 MB" of the last run, as numbers of bytes: peak, and limit.
std::pair<double, double> peak_memory(const std::filesystem::path& folder) {
  const std::string text = read_results(folder).context.at("peak_memory");
  std::smatch found;
  REQUIRE(std::regex_match(text, found, std::regex("([0-9]+) MB of ([0-9]+) MB")));
  return {1e6 * std::stod(found[1]), 1e6 * std::stod(found[2])};
}

}  // namespace

TEST_CASE("a run stays inside the memory it was given, and the memory changes no bit") {
  Shell shell(Start::program);
  shell.write("hungry.toml", hungry_suite());
  std::string content;
  for (const char* memory : {"2G", "450M"}) {
    CAPTURE(memory);
    REQUIRE(shell.run({"run", "hungry.toml", "--out", memory, "--memory", memory, "--jobs", "2"})
                .code == 0);
    const auto [peak, limit] = peak_memory(shell.path(memory));
    const bool ample = std::string(memory) == "2G";
    CHECK(limit == (ample ? 2e9 : 450e6));
    CHECK(peak > (ample ? 450e6 : 100e6));
    CHECK(peak <= limit);
    // The most any of the children so far held, as the kernel counts it.
    rusage children{};
    REQUIRE(getrusage(RUSAGE_CHILDREN, &children) == 0);
    CHECK(1024.0 * static_cast<double>(children.ru_maxrss) <= 2e9);
    if (content.empty()) content = store_content(shell.path(memory));
    CHECK(store_content(shell.path(memory)) == content);
  }
}

TEST_CASE("a stream ten times as long takes no more memory") {
  Shell shell(Start::program);
  const auto peak_of = [&](const std::string& steps) {
    shell.write("long.toml", R"toml(
name = "long"
[[experiment]]
name = "e"
environment = { name = "two_shortcuts", background = [0.05], companion = [0.05] }
model = { name = "mlp", width = 16, depth = 1 }
method = { name = "erm" }
regime = { name = "online", trajectory = "periodic", phase_count = 2, pretrain_fraction = 0.0 }
training = { rows = 100, batch = 512, steps = )toml" +
                                 steps +
                                 R"toml( }
evaluation = { rows = 100, training_rows = 0 }
)toml");
    REQUIRE(shell.run({"run", "long.toml", "--out", steps, "--jobs", "1"}).code == 0);
    return peak_memory(shell.path(steps)).first;
  };
  const double shorter = peak_of("400");  // 204,800 rows
  const double longer = peak_of("4000");  // 2,048,000 rows, 160 MB of them
  CHECK(longer < shorter + 10e6);
}

TEST_CASE("memory that cannot do is refused before anything runs") {
  Shell shell;
  shell.write("hungry.toml", hungry_suite());
  const Finished little = shell.run({"run", "hungry.toml", "--memory", "20M"});
  CHECK(little.code == 2);
  CHECK_THAT(little.err, Contains("--memory 20M is too little: the program needs about "));
  std::string text = hungry_suite();
  text.replace(text.find("width = 128"), 11, "width = 65536");
  shell.write("huge.toml", text);
  const Finished huge = shell.run({"run", "huge.toml", "--memory", "1G"});
  CHECK(huge.code == 2);
  CHECK_THAT(huge.err, Contains("one trial of experiment 'grid'") && Contains("raise --memory"));
  CHECK_FALSE(std::filesystem::exists(shell.path("results")));
}
