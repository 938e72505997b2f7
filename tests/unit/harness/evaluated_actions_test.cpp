// How the policies of a trial choose their actions when they are evaluated.
#include <fmt/format.h>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;

namespace {

/// A trial whose policy gives all actions the same probability: it begins with weights of zero, and
/// the learning rate moves nothing.
TrialResult uniform_policy(const std::string& method, const std::string& regime) {
  return tests::run_only_trial(fmt::format(R"(
name = "s"
[[experiment]]
name = "e"
environment = {{ name = "cheese_maze", region = 5 }}
model = {{ name = "linear", initialisation = "zeros" }}
optimizer = {{ name = "sgd", learning_rate = 1e-30 }}
method = {{ name = "{}" }}
regime = {{ name = "{}" }}
training = {{ steps = 1, rows = 4, batch = 2 }}
evaluation = {{ rows = 20, training_rows = 0 }}
)",
                                           method, regime));
}

double in_test(const TrialResult& trial, const std::string& metric) {
  const auto value = trial.measurements.last("test", metric);
  REQUIRE(value.has_value());
  return *value;
}

}  // namespace

TEST_CASE("a policy that learned from rewards draws its actions when it is evaluated") {
  for (const char* method : {"ppo", "reinforce"}) {
    const TrialResult drawn = uniform_policy(method, "policy_gradient");
    INFO(method);
    const double error = in_test(drawn, "return_error");
    CHECK(in_test(drawn, "return") ==
          Approx(in_test(drawn, "return_random")).margin(4.0 * error + 1e-3));
    CHECK(in_test(drawn, "goal_rate") > 0.0);
    // Four actions of equal probability.
    CHECK(in_test(drawn, "repeat_action_rate") == Approx(0.25).margin(0.02));
  }
}

TEST_CASE("how sure the optimal return is known is stored, unless it is simulated") {
  // Without walls the maze is counted out; with random walls mazes are drawn.
  const auto error = [](const char* walls) {
    return tests::run_only_trial(fmt::format(R"(
name = "s"
[[experiment]]
name = "e"
environment = {{ name = "cheese_maze", walls = {} }}
model = {{ name = "linear" }}
method = {{ name = "erm" }}
regime = {{ name = "offline" }}
training = {{ steps = 1, rows = 4, batch = 2 }}
evaluation = {{ rows = 20, training_rows = 0 }}
)",
                                             walls))
        .measurements.last("test", "return_optimal_error");
  };
  CHECK(error("0.0") == 0.0);
  CHECK_FALSE(error("0.2").has_value());
}

TEST_CASE("a policy that watched takes its most probable action") {
  CHECK(in_test(uniform_policy("erm", "offline"), "repeat_action_rate") == 1.0);
}
