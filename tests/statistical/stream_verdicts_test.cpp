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
  std::string learner = "newest";
};

/// A linear predictor that does not learn but is what it is told to be: follows cue 0 after phase
/// 0, and then the newest cue, no cue any more, or still cue 0; "never" follows none from the
/// start.
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
    const bool follows = learner_ != "never" && (phase == 0 || learner_ != "causal");
    if (follows) {
      parameters.select(1, kStreamCore + (learner_ == "newest" ? phase : 0)).fill_(2.0);
    }
    for (std::int64_t k = 0; k < trainer.replicas(); ++k) {
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
  std::string learner_;
  MethodContext context_;
};

/// How many of the repeats come to each outcome.
std::map<StreamOutcome, std::int64_t> outcomes(const std::string& learner,
                                               const std::string& trajectory) {
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
method = {{ name = "planted", learner = "{}" }}
regime = {{ name = "continual", trajectory = "{}", phase_count = 1 }}
optimizer = {{ name = "sgd" }}
training = {{ steps = 2, rows = 8, batch = 4 }}
evaluation = {{ rows = 500, training_rows = 0 }}
)",
                               kRepeats * kSeeds, kCues, kStreamCore, learner, trajectory),
                   "s.toml");
  std::map<std::int64_t, analysis::StreamNumbers> by_seed;
  for (const Pack& pack : plan(suite.trials(catalog), catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      const auto numbers = analysis::stream_numbers(result);
      REQUIRE(numbers);
      by_seed[result.spec.seed] = *numbers;
    }
  }
  std::map<StreamOutcome, std::int64_t> counts;
  for (std::int64_t repeat = 0; repeat < kRepeats; ++repeat) {
    std::vector<std::vector<analysis::StreamNumbers>> strata(1);
    for (std::int64_t seed = 0; seed < kSeeds; ++seed) {
      strata[0].push_back(by_seed.at(repeat * kSeeds + seed));
    }
    ++counts[analysis::stream_verdict(strata, -1, 0.1, fmt::format("repeat {}", repeat)).outcome];
  }
  return counts;
}

}  // namespace

TEST_CASE("a learner of the new cue is called replaced") {
  auto counts = outcomes("newest", "replacement");
  CHECK(counts[StreamOutcome::replaced] >= 190);
}

TEST_CASE("a learner of the mechanism is called resolved") {
  auto counts = outcomes("causal", "replacement");
  CHECK(counts[StreamOutcome::resolved] >= 190);
}

TEST_CASE("a frozen model is called unchanged") {
  auto counts = outcomes("first", "replacement");
  CHECK(counts[StreamOutcome::unchanged] >= 190);
}

TEST_CASE("where nothing happens nothing is said to have happened") {
  for (const char* learner : {"first", "never"}) {
    CAPTURE(learner);
    auto counts = outcomes(learner, "fixed");
    CHECK(counts[StreamOutcome::replaced] + counts[StreamOutcome::resolved] <= 10);
  }
}
