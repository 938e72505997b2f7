#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr int kTrials = 16;
constexpr int kSteps = 2500;

/// One trial a pack, so that there is something to interrupt.
const std::vector<std::string> kRun = {"run", "toy.toml", "--out", "out", "--max-replicas",
                                       "1",   "--jobs",   "1"};

std::size_t stored(const std::filesystem::path& folder) {
  try {
    return read_results(folder).trials.size();
  } catch (const Error&) {
    return 0;  // not there yet
  }
}

/// Waits until a run has stored `wanted` trials; false when it took too long.
bool wait_for(const std::filesystem::path& folder, std::size_t wanted) {
  for (int i = 0; i < 600; ++i) {
    if (stored(folder) >= wanted) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

/// What an undisturbed run of the same suite stores: it is made once.
const std::string& undisturbed() {
  static const std::string content = [] {
    Shell shell(Start::program);
    shell.write("toy.toml", toy_suite(kTrials, kSteps));
    REQUIRE(shell.run(kRun).code == 0);
    return store_content(shell.path("out"));
  }();
  return content;
}

}  // namespace

TEST_CASE("a run that was interrupted, killed and interrupted again resumes to the same store") {
  const std::string expected = undisturbed();
  Shell shell(Start::program);
  shell.write("toy.toml", toy_suite(kTrials, kSteps));
  const auto out = shell.path("out");
  {
    Background run = shell.start(kRun);
    REQUIRE(wait_for(out, 3));
    run.send(SIGINT);
    const Finished stopped = run.wait();
    CHECK(stopped.code == 130);
    CHECK_THAT(stopped.err,
               Contains("spurion: stopped; ") && Contains(" of 16 trials are stored in out. "
                                                          "The same command resumes the run:\n  "
                                                          "spurion run toy.toml --out out "
                                                          "--max-replicas 1 --jobs 1\n"));
    CHECK(stored(out) >= 3);
    CHECK(stored(out) < kTrials);
  }
  {
    const std::size_t before = stored(out);
    Background run = shell.start(kRun);
    REQUIRE(wait_for(out, before + 3));
    run.send(SIGKILL);
    CHECK(run.wait().code == 128 + SIGKILL);
    CHECK(stored(out) >= before + 3);
  }
  {
    const std::size_t before = stored(out);
    Background run = shell.start(kRun);
    REQUIRE(wait_for(out, before + 3));
    run.send(SIGTERM);
    CHECK(run.wait().code == 130);
  }
  CHECK(stored(out) < kTrials);
  const Finished last = shell.run(kRun);
  CHECK(last.code == 0);
  CHECK_THAT(last.out, Contains("16 done, 0 diverged, 0 failed"));
  CHECK(store_content(out) == expected);
}

TEST_CASE("a second Ctrl-C ends at once") {
  Shell shell(Start::program);
  // One trial whose single measurement takes long: nothing polls for the first signal meanwhile.
  std::string suite = toy_suite(2, 10);
  const std::string rows = "rows = 101";
  suite.replace(suite.find(rows), rows.size(), "rows = 10000000");
  shell.write("toy.toml", suite);
  Background run = shell.start(kRun);
  // Signals are handled before the store is made.
  for (int i = 0; i < 600 && !std::filesystem::exists(shell.path("out") / "store.sqlite"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  // Before its first trial a run stops at the first signal; the measurement takes far longer.
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  run.send(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // two at once would count as one
  run.send(SIGINT);
  const Finished stopped = run.wait();
  CHECK(stopped.code == 130);
  CHECK_THAT(stopped.err, Contains("spurion: stopped at once"));
}
