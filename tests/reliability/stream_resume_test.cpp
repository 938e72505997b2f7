// A stream, or a trial that probes look into, that is killed in the middle goes on inside its
// trials to the same store.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;

namespace {

/// One pack of three seeds on a stream, with a method that remembers rows and importances.
std::string stream_suite(const char* method, const char* labels) {
  return std::string(R"toml(
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
}

/// A run of the suite that is killed three times inside its trials gives the store of one that is
/// not.
void check_resumed(const std::string& suite) {
  Shell whole;
  whole.write("s.toml", suite);
  REQUIRE(whole.run({"run", "s.toml", "--out", "out", "--jobs", "1"}).code == 0);

  Shell shell;
  shell.write("s.toml", suite);
  const std::vector<std::string> run = {"run",    "s.toml", "--out",        "out",
                                        "--jobs", "1",      "--checkpoint", "0.05"};
  const auto kept = shell.path("out") / "checkpoints";
  int resumed = 0;
  for (int kill = 0; kill < 3; ++kill) {
    Background process = shell.start(run);
    // Until there is something to go on from, and a little longer.
    for (int i = 0; i < 300 && (!std::filesystem::exists(kept) || std::filesystem::is_empty(kept));
         ++i) {
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

/// Trials of three seeds that probes look into on the way.
std::string probed_suite(const std::string& how) {
  return std::string(R"toml(
name = "probed"
seeds = 3
[[experiment]]
name = "e"
environment = { name = "two_bit" }
model = { name = "mlp", width = 16, depth = 2 }
)toml") + how +
         R"toml([experiment.evaluation]
rows = 200
training_rows = 0
every = 500
probe_rows = 60
probes = [
  { name = "input_gradient" }, { name = "smooth_grad", samples = 2 }, { name = "linear_probe" },
  { name = "group_influence" }, { name = "activation_patching" },
]
)toml";
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
    check_resumed(stream_suite(method, labels));
  }
}

TEST_CASE("trials with probes that are killed inside go on to the same bits") {
  // The numbers of probes so far are kept; so are the twin of a pressed model, and the candidates
  // and survivors of a selection in the middle of a round.
  for (const char* how :
       {"training = { steps = 4000, rows = 500, batch = 16 }\n"
        "method = { name = \"probe_penalty\", probe = { name = \"smooth_grad\", samples = 2 } }\n"
        "regime = { name = \"offline\" }\n",
        "training = { steps = 2000, rows = 500, batch = 16 }\n"
        "method = { name = \"erm\" }\n"
        "regime = { name = \"iterated_selection\", candidates = 4, rounds = 4,"
        " fitness = \"input_gradient\" }\n"}) {
    CAPTURE(how);
    check_resumed(probed_suite(how));
  }
}
