#include <fmt/format.h>

#include "catch.hpp"
#include "spurion/run.hpp"
#include "spurion/suite.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// How a trial with these sections ends.
TrialResult end_of(const std::string& sections) {
  const std::string text = fmt::format(
      "name = \"ends\"\ntitle = \"How trials end\"\n[[experiment]]\nname = \"one\"\n{}\n",
      sections);
  const Catalog catalog = builtin_catalog();
  const auto trials = Suite::parse(text, "ends.toml").trials(catalog);
  return run_pack(Pack{trials, 0.0, 0.0}, catalog, nullptr).front();
}

std::string offline(const std::string& environment, const std::string& optimizer,
                    const std::string& model = "linear", int steps = 50,
                    const std::string& method = R"({ name = "erm" })") {
  return fmt::format(
      "environment = {}\nmodel = {{ name = \"{}\" }}\nmethod = {}\nregime = {{ name = \"offline\" "
      "}}\noptimizer = {}\ntraining = {{ steps = {}, rows = 200, batch = 50 }}\n",
      environment, model, method, optimizer, steps);
}

std::string sgd(const std::string& rate) {
  return fmt::format(R"({{ name = "sgd", learning_rate = {} }})", rate);
}

constexpr const char* kNoisy = R"({ name = "anti_causal" })";
constexpr const char* kSeparable = R"({ name = "simplicity_slabs" })";
constexpr const char* kRegression = R"({ name = "chain_sem" })";

}  // namespace

TEST_CASE("a finite but absurd end is a divergence, with the reason") {
  for (const char* rate : {"1e30", "1e8"}) {
    const TrialResult noisy = end_of(offline(kNoisy, sgd(rate)));
    CAPTURE(rate, noisy.message);
    CHECK(noisy.status == Status::diverged);
    CHECK_THAT(noisy.message, Contains("final parameters have a root mean square of") ||
                                  Contains("more than 1000 times the loss of a constant (0.693)"));
  }
  // Whatever the rows are, numbers of this size are no end.
  const TrialResult separable = end_of(offline(kSeparable, sgd("1e30")));
  CHECK(separable.status == Status::diverged);
  const TrialResult regression = end_of(offline(kRegression, sgd("0.5"), "linear", 4));
  CAPTURE(regression.message);
  CHECK(regression.status == Status::diverged);
}

TEST_CASE("a method that refuses the rows of a trial fails that trial, and ends no run") {
  const auto ends = [](int rows) {
    const std::string text = fmt::format(R"(
name = "refused"
seeds = 2
[[experiment]]
name = "one"
environment = {{ name = "anti_causal" }}
model = {{ name = "linear" }}
method = {{ name = "dfr", refits = 2, validation_rows = {} }}
regime = {{ name = "offline", group_labels = true }}
training = {{ steps = 3, rows = 40, batch = 10 }}
evaluation = {{ rows = 40, training_rows = 0 }}
)",
                                         rows);
    const Catalog catalog = builtin_catalog();
    const auto trials = Suite::parse(text, "refused.toml").trials(catalog);
    return run_pack(Pack{trials, 0.0, 0.0}, catalog, nullptr);
  };
  const auto refused = ends(1);  // two rows, and four groups
  REQUIRE(refused.size() == 2);
  for (const TrialResult& result : refused) {
    CHECK(result.status == Status::failed);
    CHECK_THAT(result.message, Contains("dfr needs held-out rows of every group"));
  }
  for (const TrialResult& result : ends(300)) CHECK(result.status == Status::done);
}

TEST_CASE("a bad model has not diverged") {
  // Wrong on every shifted row.
  const TrialResult cue =
      end_of(offline(R"({ name = "two_bit", alpha = 0.25, betas = [0.0, 0.0], test_beta = 1.0 })",
                     sgd("1.0"), "mlp", 300));
  CAPTURE(cue.message);
  CHECK(cue.status == Status::done);
  // Learned nothing.
  CHECK(end_of(offline(kNoisy, sgd("1e-9"), "linear", 1)).status == Status::done);
  CHECK(end_of(offline(R"({ name = "control_unlearnable" })", sgd("0.1"))).status == Status::done);
  // A rate that makes it rush about, though not away.
  const TrialResult rushing = end_of(offline(kNoisy, sgd("30.0")));
  CAPTURE(rushing.message);
  CHECK(rushing.status == Status::done);
  // A regression before it has learned anything.
  CHECK(end_of(offline(kRegression, sgd("1e-12"), "linear", 1)).status == Status::done);
  // A penalty makes the objective large, not the loss.
  CHECK(end_of(offline(kNoisy, R"({ name = "adam", learning_rate = 0.01 })", "linear", 50,
                       R"({ name = "v_rex", penalty_weight = 1e9, rescale = false })"))
            .status == Status::done);
}

TEST_CASE("a stream that unlearned where it began has not diverged") {
  const TrialResult stream = end_of(
      "environment = { name = \"two_shortcuts\" }\nmodel = { name = \"mlp\" }\n"
      "method = { name = \"erm\" }\n"
      "regime = { name = \"continual\", trajectory = \"reversal\", phase_count = 2 }\n"
      "optimizer = { name = \"sgd\", learning_rate = 0.5 }\n"
      "training = { steps = 60, rows = 200, batch = 50 }");
  CAPTURE(stream.message);
  CHECK(stream.status == Status::done);
}
