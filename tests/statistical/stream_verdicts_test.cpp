// The power of the verdicts, on planted learners whose nature is known: of 200 repeats of a study
// with five seeds at least 95 % must say it, and where nothing happens at most 5 % may say that
// something did. Parameters carry noise, and all numbers come from 500 held-out rows.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <map>

#include "catch.hpp"
#include "spurion/analysis/streams.hpp"
#include "spurion/run.hpp"

using namespace spurion;
using analysis::StreamOutcome;

namespace {

constexpr std::int64_t kRepeats = 200;
constexpr std::int64_t kSeeds = 5;
constexpr std::int64_t kStreamCore = 5;  // coordinates of the core in continually_confounded
constexpr std::int64_t kCues = 3;

struct PlantedOptions {
  PerReplica<std::string> learner = std::string("newest");
};

/// A linear predictor that does not learn but is what it is told to be: follows cue 0 after phase
/// 0, and then the newest cue, no cue any more, or still cue 0; "never" follows none from the
/// start. Learners of all kinds are replicas of one pack, so that those of one seed share its rows.
class Planted final : public Method {
 public:
  using Options = PlantedOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>().field("learner", &Options::learner, "What it is.",
                                one_of({"newest", "causal", "first", "never"}));
    return schema;
  }
  Planted(const Options& options, const MethodContext& context)
      : learner_(options.learner), context_(context) {}

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    Tensor parameters = at::zeros_like(trainer.parameters().detach());
    parameters.narrow(1, 0, kStreamCore).fill_(0.6);
    for (std::int64_t k = 0; k < trainer.replicas(); ++k) {
      const std::string learner = learner_.at(k);
      const bool follows = learner != "never" && (phase == 0 || learner != "causal");
      if (follows) parameters[k][kStreamCore + (learner == "newest" ? phase : 0)] = 2.0;
      const RandomStream noise(
          context_.key(k).child("planted").child(static_cast<std::uint64_t>(phase)));
      for (std::int64_t i = 0; i < parameters.size(1); ++i) {
        parameters[k][i] += 0.03 * noise.normal(i);
      }
    }
    trainer.set_parameters(parameters);
  }
  void step(ReplicaTrainer& trainer, const Batch& /*batch*/) override {
    trainer.step_from_gradients(at::zeros({trainer.replicas()}),
                                at::zeros_like(trainer.parameters().detach()));
  }

 private:
  PerReplica<std::string> learner_;
  MethodContext context_;
};

/// How many of the repeats come to each outcome, by learner.
using Outcomes = std::map<std::string, std::map<StreamOutcome, std::int64_t>>;

/// `learners`: as a suite lists them.
Outcomes outcomes(const std::string& learners, const std::string& trajectory) {
  Catalog catalog = builtin_catalog();
  catalog.methods.add<Planted>("planted", "A predictor of known nature.", "-");
  const auto sources = std::make_shared<const DataSources>();
  const Suite suite =
      Suite::parse(fmt::format(R"(
name = "s"
seeds = {}
[[experiment]]
name = "e"
environment = {{ name = "continually_confounded", tasks = {}, core_dimensions = {} }}
model = {{ name = "linear" }}
method = {{ name = "planted" }}
regime = {{ name = "continual", trajectory = "{}", phase_count = 1 }}
optimizer = {{ name = "sgd" }}
training = {{ steps = 2, rows = 8, batch = 4 }}
evaluation = {{ rows = 500, training_rows = 0 }}
[experiment.grid]
"method.learner" = [{}]
)",
                               kRepeats * kSeeds, kCues, kStreamCore, trajectory, learners),
                   "s.toml");
  std::map<std::string, std::map<std::int64_t, analysis::StreamNumbers>> by_seed;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      const auto numbers = analysis::stream_numbers(result);
      REQUIRE(numbers);
      const std::string& learner = result.spec.method.options.find("learner")->as_string();
      by_seed[learner][result.spec.seed] = *numbers;
    }
  }
  Outcomes counts;
  for (const auto& [learner, numbers] : by_seed) {
    for (std::int64_t repeat = 0; repeat < kRepeats; ++repeat) {
      std::vector<std::vector<analysis::StreamNumbers>> strata(1);
      for (std::int64_t seed = 0; seed < kSeeds; ++seed) {
        strata[0].push_back(numbers.at(repeat * kSeeds + seed));
      }
      const std::string key = fmt::format("repeat {}", repeat);
      ++counts[learner][analysis::stream_verdict(strata, -1, 0.1, key).outcome];
    }
  }
  return counts;
}

}  // namespace

TEST_CASE("a learner is called by its nature") {
  auto counts = outcomes(R"("newest", "causal", "first")", "replacement");
  CHECK(counts["newest"][StreamOutcome::replaced] >= 190);
  CHECK(counts["causal"][StreamOutcome::resolved] >= 190);
  CHECK(counts["first"][StreamOutcome::unchanged] >= 190);
}

TEST_CASE("where nothing happens nothing is said to have happened") {
  auto counts = outcomes(R"("first", "never")", "fixed");
  REQUIRE(counts.size() == 2);
  for (auto& [learner, count] : counts) {
    CAPTURE(learner);
    CHECK(count[StreamOutcome::replaced] + count[StreamOutcome::resolved] <= 10);
  }
}
