// Runs that are killed, stopped, or find no room at random moments. SPURION_KILLS says how many
// (default 50).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/error.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

/// One trial a pack, and the state of each is saved as often as it can be.
const std::vector<std::string> kStormRun = {"run",          "toy.toml", "--out",          "out",
                                            "--jobs",       "1",        "--max-replicas", "1",
                                            "--checkpoint", "0",        "--quiet"};

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

/// A trial each; none where no run has come so far.
std::set<std::string> stored_trials(const std::filesystem::path& folder) {
  try {
    return lines_of(store_content(folder));
  } catch (const StoreError&) {
    return {};
  }
}

/// Starts the run and does one thing to it.
Finished disturbed(Shell& shell, std::mt19937_64& random) {
  constexpr int kSignals[] = {SIGKILL, SIGTERM, SIGINT, SIGUSR1};
  constexpr const char* kFaults[] = {"kill", "full", "quota", "read_only"};
  const auto one_of = [&](const auto& list) { return list[random() % std::size(list)]; };
  const auto moment = static_cast<int>(random() % 150);
  if (random() % 2 == 0) {
    shell.set("SPURION_FAULT", fmt::format("{} {}", one_of(kFaults), 1 + moment));
    return shell.run(kStormRun);
  }
  shell.set("SPURION_FAULT", "");
  Background run = shell.start(kStormRun);
  std::this_thread::sleep_for(std::chrono::milliseconds(moment));
  run.send(one_of(kSignals));
  return run.wait();
}

}  // namespace

TEST_CASE("kills and signals and full disks at random moments change no stored number") {
  const char* told = std::getenv("SPURION_KILLS");
  const int wanted = told == nullptr ? 50 : std::atoi(told);
  const std::string suite = toy_suite(4, 200);
  std::set<std::string> expected;
  {
    Shell shell;
    shell.write("toy.toml", suite);
    REQUIRE(shell.run(kStormRun).code == 0);
    expected = stored_trials(shell.path("out"));
    REQUIRE(expected.size() == 4);
  }
  std::mt19937_64 random(5);
  for (int done = 0; done < wanted;) {
    Shell shell;
    shell.write("toy.toml", suite);
    shell.set("SPURION_FAULT_FOLDER", shell.path("out").string());
    for (std::set<std::string> before; before.size() < expected.size() && done < wanted; ++done) {
      const Finished finished = disturbed(shell, random);
      CAPTURE(done, finished.code, finished.err);
      const std::set<int> allowed = {
          0, 6, 130, 128 + SIGKILL, 128 + SIGTERM, 128 + SIGINT, 128 + SIGUSR1};
      CHECK(allowed.count(finished.code) == 1);
      const std::set<std::string> now = stored_trials(shell.path("out"));
      CHECK(std::includes(now.begin(), now.end(), before.begin(), before.end()));
      CHECK(std::includes(expected.begin(), expected.end(), now.begin(), now.end()));
      before = now;
    }
    shell.set("SPURION_FAULT", "");
    CHECK(shell.run(kStormRun).code == 0);
    CHECK(stored_trials(shell.path("out")) == expected);
    CHECK(shell.run({"check", "out"}).code == 0);
  }
}

TEST_CASE("a run says why the system does not take its results, and goes on when it does") {
  Shell shell;
  shell.write("toy.toml", toy_suite(2, 1));
  shell.set("SPURION_FAULT_FOLDER", shell.path("out").string());
  for (const auto& [fault, reason] :
       {std::pair("full 1", "disk is full; what is stored stays: make room"),
        std::pair("quota 1", "(Disk quota exceeded)"),
        std::pair("read_only 1", "(Read-only file system)")}) {
    CAPTURE(fault);
    shell.set("SPURION_FAULT", fault);
    const Finished refused = shell.run(kStormRun);
    CHECK(refused.code == 6);
    CHECK_THAT(refused.err, Contains("store.sqlite") && Contains(reason));
  }
  shell.set("SPURION_FAULT", "");
  CHECK(shell.run(kStormRun).code == 0);
}
