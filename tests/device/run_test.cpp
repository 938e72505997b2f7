#include "spurion/run.hpp"

#include <ATen/ATen.h>

#include <atomic>
#include <cmath>
#include <map>

#include "catch.hpp"
#include "device/fake_device.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"
#include "temporary_folder.hpp"

using namespace spurion;
using Catch::Contains;
using spurion::test::fake_device;
using spurion::test::fake_operations;
using spurion::tests::TemporaryFolder;

namespace {

constexpr const char* kMethods =
    R"({ name = "erm" }, { name = "irm_v1" }, { name = "experience_replay" })";

Suite suite_of(const std::string& model, int batch = 10, const std::string& methods = kMethods) {
  return Suite::parse(R"(
name = "device"
seeds = 2
[defaults]
environment = { name = "linear_unit_tests", example = "3" }
model = )" + model + R"(
training = { steps = 12, rows = 40, batch = )" +
                          std::to_string(batch) + R"( }
evaluation = { rows = 200, training_rows = 20 }
optimizer = { name = "adam", learning_rate = 0.01 }
[[experiment]]
name = "all"
[experiment.grid]
"method" = [)" + methods + R"(]
"regime" = [
  { name = "offline" }, { name = "continual", trainable = "last_layer" }, { name = "joint_retraining" },
  { name = "online" }, { name = "online_active" }, { name = "online_bandit" }]
)",
                      "s.toml");
}

constexpr const char* kMlp = R"({ name = "mlp", width = 7, depth = 2 })";

/// trial, domain, metric, phase and step -> value
std::map<std::string, double> numbers_of(const std::filesystem::path& folder) {
  std::map<std::string, double> numbers;
  for (const TrialResult& trial : read_results(folder).trials) {
    CHECK(trial.status == Status::done);
    CHECK(trial.message.empty());
    for (const Measurement& row : trial.measurements) {
      numbers[trial.spec.id() + ' ' + row.domain + ' ' + row.metric + ' ' +
              std::to_string(row.phase) + ' ' + std::to_string(row.step)] = row.value;
    }
  }
  return numbers;
}

RunOptions options_for(const TemporaryFolder& folder, Device device) {
  RunOptions options;
  options.out = folder.path() / "out";
  options.jobs = 1;
  options.checkpoint_seconds = -1.0;
  options.device = device;
  return options;
}

}  // namespace

TEST_CASE("a whole run on a device measures what it does on the processor") {
  const Catalog catalog = builtin_catalog();
  // A linear model in full batches has a way of its own on the processor.
  const bool linear = GENERATE(false, true);
  const Suite suite = linear ? suite_of(R"({ name = "linear" })", 0) : suite_of(kMlp);
  const TemporaryFolder here;
  const TemporaryFolder there;
  run_suite(suite, catalog, options_for(here, at::kCPU));
  const std::int64_t before = fake_operations();
  run_suite(suite, catalog, options_for(there, fake_device));
  CHECK(fake_operations() > before);
  const auto expected = numbers_of(here.path() / "out");
  const auto found = numbers_of(there.path() / "out");
  REQUIRE(expected.size() == found.size());
  REQUIRE(expected.size() > 1000);
  std::size_t far = 0;
  for (const auto& [name, value] : expected) {
    REQUIRE(found.count(name) == 1);
    // A prediction near the boundary may fall to the other side: one row of 200, or of a window.
    if (std::fabs(value - found.at(name)) > 1e-4 * std::max(1.0, std::fabs(value))) ++far;
  }
  CHECK(static_cast<double>(far) < 0.01 * static_cast<double>(expected.size()));
  CHECK(read_results(here.path() / "out").context.at("device") == "cpu");
  CHECK(read_results(there.path() / "out").context.at("device") == "privateuseone");
}

TEST_CASE("a store of one kind of device is not gone on with on another") {
  const Catalog catalog = builtin_catalog();
  const Suite suite = suite_of(kMlp);
  const TemporaryFolder folder;
  run_suite(suite, catalog, options_for(folder, fake_device));
  CHECK(run_suite(suite, catalog, options_for(folder, fake_device)).trials_found == 36);
  CHECK_THROWS_WITH(
      run_suite(suite, catalog, options_for(folder, at::kCPU)),
      Contains("holds trials that ran on privateuseone") && Contains("another --out"));
}

TEST_CASE("a run on a device that was stopped goes on to the same bits") {
  const Catalog catalog = builtin_catalog();
  const Suite suite = suite_of(kMlp, 10, R"({ name = "experience_replay" })");
  const TemporaryFolder whole;
  const TemporaryFolder parts;
  run_suite(suite, catalog, options_for(whole, fake_device));
  RunOptions options = options_for(parts, fake_device);
  options.checkpoint_seconds = 0.0;
  std::atomic<bool> stop{false};
  options.stop = &stop;
  options.progress = [&](const Progress& /*now*/) { stop = true; };  // after an update or two
  int stops = 0;
  for (bool ended = false; !ended && stops < 500;) {
    stop = false;
    try {
      run_suite(suite, catalog, options);
      ended = true;
    } catch (const Interrupted&) {
      ++stops;
    }
  }
  CHECK(stops > 12);
  CHECK(numbers_of(whole.path() / "out") == numbers_of(parts.path() / "out"));
}

TEST_CASE("names of devices") {
  CHECK(named_device("cpu") == Device(at::kCPU));
  CHECK_THROWS_WITH(named_device("cudda"),
                    Contains("unknown device 'cudda'; did you mean 'cuda'?"));
  CHECK_THROWS_WITH(named_device("gpu"), Contains("did you mean 'cuda'?"));
  CHECK_THROWS_WITH(named_device("cuda:x"), Contains("unknown device 'cuda:x'"));
  CHECK_THROWS_AS(named_device("cuda:99"), UsageError);
  CHECK_THROWS_WITH(named_device("cuda:99"),
                    Contains("there is no device 'cuda:99'") && Contains("offers cpu"));
  if (at::hasCUDA()) {
    CHECK(named_device("cuda") == Device("cuda:0"));
    return;
  }
  CHECK_THROWS_WITH(named_device("cuda"), Contains("there is no device 'cuda'"));
  RunOptions options;
  const TemporaryFolder folder;
  options.out = folder.path() / "out";
  options.device = Device("cuda:0");
  CHECK_THROWS_AS(run_suite(suite_of(kMlp), builtin_catalog(), options), UsageError);
  CHECK_FALSE(std::filesystem::exists(options.out));
}
