// A stream that is killed in the middle of its trials goes on inside them to the same store.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;

namespace {

/// One pack of three seeds on a stream, with a method that remembers rows and importances.
const char* stream_suite(const char* method, const char* labels) {
  static std::string suite;
  suite = std::string(R"toml(
name = "stream"
seeds = 3
[[experiment]]
name = "e"
environment = { name = "continually_confounded", tasks = 3 }
model = { name = "mlp", width = 16, depth = 1 }
training = { steps = 9000, rows = 500, batch = 16 }
evaluation = { rows = 200, training_rows = 0 }
)toml") + "method = { name = \"" +
          method +
          "\" }\nregime = { name = \"online\", trajectory = \"replacement\", phase_count = 2, " +
          labels + " }\n";
  return suite.c_str();
}

}  // namespace

TEST_CASE("a stream killed inside its trials goes on to the same bits") {
  // Batches that wait for their labels are part of what is kept, and so are labels never revealed.
  const std::pair<const char*, const char*> cases[] = {
      {"erm", "label_delay = 3"},
      {"experience_replay", "label_delay = 3"},
      {"erm", "label_delay = 200, label_share = 0.5"},
      {"experience_replay", "label_delay = 7, label_share = 0.25"}};
  for (const auto& [method, labels] : cases) {
    CAPTURE(method, labels);
    Shell whole;
    whole.write("s.toml", stream_suite(method, labels));
    REQUIRE(whole.run({"run", "s.toml", "--out", "out", "--jobs", "1"}).code == 0);

    Shell shell;
    shell.write("s.toml", stream_suite(method, labels));
    const std::vector<std::string> run = {"run",    "s.toml", "--out",        "out",
                                          "--jobs", "1",      "--checkpoint", "0.05"};
    const auto kept = shell.path("out") / "checkpoints";
    int resumed = 0;
    for (int kill = 0; kill < 3; ++kill) {
      Background process = shell.start(run);
      // Until there is something to go on from, and a little longer.
      for (int i = 0;
           i < 300 && (!std::filesystem::exists(kept) || std::filesystem::is_empty(kept)); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(150));
      process.send(SIGKILL);
      process.wait();
      resumed += std::filesystem::exists(kept) && !std::filesystem::is_empty(kept) ? 1 : 0;
    }
    CHECK(resumed > 0);
    REQUIRE(shell.run(run).code == 0);
    CHECK(store_content(shell.path("out")) == store_content(whole.path("out")));
    CHECK_FALSE(std::filesystem::exists(kept));
  }
}
