// Planted streams whose truth is known: the verdicts on regimes say it, and no more.
#include <cmath>

#include "catch.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using Catch::Contains;
using tests::planted_cell;
using tests::PlantedTrials;
using tests::seed_noise;

namespace {

constexpr const char* kMethodsOfStreams = "kind = \"compare_methods\"\n";
constexpr const char* kRegimesOfStreams = "kind = \"compare_regimes\"\n";

/// What a model does before and after its cue reverses.
struct Reversal {
  double score_after;
  double flip_before;
  double flip_after;
  double contribution_after;
};

/// A trial through two phases in which its cue turns round.
TrialResult& add_stream(PlantedTrials& trials, const std::string& regime, std::int64_t seed,
                        const Reversal& reversal) {
  const auto& [score_after, flip_before, flip_after, contribution_after] = reversal;
  TrialResult& trial = trials.add("erm", seed, 0.9, 0.2, regime);
  const auto add = [&](std::int64_t phase, const std::string& domain, const std::string& metric,
                       double value) {
    trial.measurements.push_back({phase, 10 * phase, domain, 0.0, metric, value});
  };
  for (std::int64_t on = 0; on < 2; ++on) {
    const std::string domain = "phase_" + std::to_string(on);
    add(0, domain, "shift_a", on == 0 ? 0.1 : 0.9);
    add(0, domain, "ceiling_chance", 0.5);
    add(0, domain, "ceiling_invariant", 0.75);
    add(0, domain, "accuracy", (on == 0 ? 0.9 : 0.2) + seed_noise(seed));
    add(0, domain, "cue_contribution", (on == 0 ? 0.4 : -0.3) + seed_noise(seed + 1));
    add(1, domain, "accuracy", (on == 0 ? 1.0 - score_after : score_after) + seed_noise(seed + 2));
  }
  add(1, "in_distribution", "accuracy", 0.5);
  add(1, "phase_1", "cue_contribution", contribution_after + seed_noise(seed + 3));
  add(0, "cue_a", "flip_rate", flip_before + std::abs(seed_noise(seed)));
  add(1, "cue_a", "flip_rate", flip_after + std::abs(seed_noise(seed + 1)));
  return trial;
}

std::string regimes_sentence(double score, double before, double after, double cue_contribution) {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    add_stream(trials, "continual", seed, {score, before, after, cue_contribution});
  }
  return trials.ask(kRegimesOfStreams).sentence;
}

}  // namespace

TEST_CASE("regimes are judged as streams are, and a confusion is only where there is one") {
  CHECK_THAT(
      regimes_sentence(0.74, 0.8, 0.01, 0.0),
      Contains("Continued training resolves the confusion. ") && Contains("continual resolved"));
  CHECK_THAT(regimes_sentence(0.9, 0.8, 0.8, 0.4),
             Contains("Continued training does not resolve the confusion: it replaces the cue. "));
  CHECK_THAT(regimes_sentence(0.5, 0.8, 0.01, 0.0),
             Contains("the model collapses and loses what it had learned") &&
                 !Contains("training resolves"));
  CHECK_THAT(regimes_sentence(0.74, 0.01, 0.01, 0.0),
             Contains("has no confusion to resolve: ") && !Contains("training resolves"));
  CHECK_THAT(regimes_sentence(0.2, 0.8, 0.8, -0.3),
             Contains("does not change how the model uses its cues. "));
}

TEST_CASE("what is not trained on is not said to keep or resolve anything") {
  const auto said = [](double id, double ood, double flip, double cue_only) {
    PlantedTrials trials;
    for (std::int64_t seed = 0; seed < 5; ++seed) {
      TrialResult& trial =
          trials.add("erm", seed, id + seed_noise(seed), ood + seed_noise(seed + 1));
      trial.measurements.push_back(
          {0, 9, "test", 0.9, "flip_rate", flip + std::abs(seed_noise(seed))});
      tests::set_number(trial, "test", "ceiling_spurious_only", cue_only);
    }
    return trials.ask(kRegimesOfStreams).sentence;
  };
  CHECK_THAT(said(0.9, 0.2, 0.8, 0.1), Contains("relies on its cue, with a gap of 0.7"));
  // To follow a cause, or a cue that holds everywhere, costs nothing.
  CHECK_THAT(said(0.9, 0.9, 0.8, 0.9), Contains("does not lower the score out of distribution"));
  CHECK_THAT(said(0.75, 0.75, 0.01, 0.5), Contains("hardly uses a cue"));
  CHECK_THAT(said(0.5, 0.5, 0.0, 0.1), Contains("did not learn"));
}

TEST_CASE("the own phase of phase 0 is the first train domain for everybody") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 3; ++seed) {
    TrialResult& offline = trials.add("erm", seed, 0.85, 0.2);
    tests::set_number(offline, "train_0", "accuracy", 0.9);
    add_stream(trials, "continual", seed, {0.9, 0.8, 0.8, 0.4});
  }
  const auto table = trials.ask(kRegimesOfStreams).tables.front();
  CHECK(planted_cell(table, "offline", "own phase").substr(0, 5) == "0.900");
  CHECK(planted_cell(table, "offline", "train domains").substr(0, 5) == "0.850");
  CHECK(planted_cell(table, "continual", "own phase").substr(0, 3) == "0.9");
}

TEST_CASE("after a stream it is asked whether anything was learned, not whether it is kept") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    // Follows the reversed cue, so that it is wrong where training began.
    TrialResult& trial = add_stream(trials, "continual", seed, {0.9, 0.8, 0.8, 0.4});
    trial.measurements.push_back(
        {1, 20, "in_distribution", 0.0, "accuracy", 0.15 + seed_noise(seed)});
  }
  CHECK_THAT(trials.ask(kMethodsOfStreams).sentence, !Contains("did not learn"));
  PlantedTrials destroyed;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    add_stream(destroyed, "continual", seed, {0.5, 0.8, 0.0, 0.0});
  }
  CHECK_THAT(destroyed.ask(kMethodsOfStreams).sentence, Contains("did not learn"));
}

TEST_CASE("streams say who collapsed, and that they speak of survivors") {
  const auto sentence = [](double score, std::int64_t seeds) {
    PlantedTrials trials;
    for (std::int64_t seed = 0; seed < seeds; ++seed) {
      add_stream(trials, "continual", seed, {score, 0.8, 0.01, 0.0});
    }
    trials.add_unfinished("erm", 7, Status::diverged, "loss was not finite at step 3\n#0 f.cpp");
    trials.all().back().spec.regime.name = "continual";
    return trials.ask("kind = \"streams\"\n").sentence;
  };
  CHECK_THAT(sentence(0.74, 4), Contains("resolved the confusion in 1 of 1 environment"));
  CHECK_THAT(sentence(0.74, 4),
             Contains("continual, erm: 1 of 5 trials diverged: loss was not finite at step 3; its "
                      "numbers come from the 4 that are done"));
  CHECK_THAT(sentence(0.5, 4),
             Contains("collapsed in 1 of 1 environment") && !Contains("resolved"));
  CHECK_THAT(sentence(0.74, 1), Contains("is undecided in 1 of 1 environment"));
  CHECK_THAT(sentence(0.74, 0), Contains("1 of 1 trials diverged"));
}
