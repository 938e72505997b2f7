// No outcome of a stream praises a model that failed to learn, and none comes from seeds that
// coincide.
#include <cmath>
#include <functional>

#include "catch.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/streams.hpp"

using namespace spurion;
using namespace spurion::analysis;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// A planted stream of one cue in a world with chance .5 and invariant ceiling .869, whose cue
/// turns round after phase 0. Scores are [after phase][on phase].
struct PlantedStream {
  std::vector<std::vector<double>> scores;
  std::vector<double> flips;
  std::vector<std::vector<double>> cue_contributions;
  double chance = 0.5;
  double invariant = 0.869;
  bool accuracy = true;
  double rows = 2000.0;
};

std::vector<std::vector<StreamNumbers>> seeds_of(const PlantedStream& planted, int seeds,
                                                 double spread = 0.005) {
  std::vector<std::vector<StreamNumbers>> strata(1);
  const std::size_t phases = planted.scores.size();
  for (int seed = 0; seed < seeds; ++seed) {
    const double noise = spread * (seed - 0.5 * (seeds - 1));
    StreamNumbers trial;
    trial.seed = seed;
    trial.phases = static_cast<std::int64_t>(phases);
    trial.accuracy = planted.accuracy;
    trial.rows = planted.rows;
    trial.scores = planted.scores;
    trial.cue_contributions = planted.cue_contributions;
    for (auto* numbers : {&trial.scores, &trial.cue_contributions}) {
      for (auto& after : *numbers) {
        for (double& value : after) value += noise;
      }
    }
    for (const double flip : planted.flips) {
      trial.flips.push_back({{"cue", std::max(0.0, flip + noise)}});
    }
    trial.active.assign(phases, {"cue"});
    for (std::size_t phase = 0; phase < phases; ++phase) {
      trial.cue_shifts.push_back({{"cue", phase % 2 == 0 ? 0.1 : 0.9}});
    }
    trial.control_shift.assign(phases, kNan);
    trial.chance.assign(phases, planted.chance);
    trial.invariant.assign(phases, planted.invariant);
    strata[0].push_back(std::move(trial));
  }
  return strata;
}

StreamVerdict judged(const PlantedStream& planted, int seeds = 5, double spread = 0.005) {
  return stream_verdict(seeds_of(planted, seeds, spread), -1, 0.1, "planted");
}

std::string said(const PlantedStream& planted, int seeds = 5, double spread = 0.005) {
  return outcome_name(judged(planted, seeds, spread).outcome);
}

const std::vector<std::vector<double>> kNoTrap = {{0.0, 0.0}, {0.0, 0.0}};

}  // namespace

TEST_CASE("a destroyed network collapsed, and did not resolve the confusion") {
  // Follows its cue, and says one class after training on.
  CHECK(said({{{0.9, 0.2}, {0.5, 0.5}}, {0.507, 0.0}, {{0.3, -0.3}, {0.0, 0.0}}}) == "collapsed");
  // The same network saying random classes, which flip with the cue half of the time.
  CHECK(said({{{0.9, 0.2}, {0.5, 0.5}}, {0.507, 0.5}, {{0.3, -0.3}, {0.0, 0.0}}}) == "collapsed");
  // Not at chance, but far from what there is to learn.
  CHECK(said({{{0.9, 0.2}, {0.6, 0.6}}, {0.507, 0.0}, {{0.3, -0.3}, {0.0, 0.0}}}) == "collapsed");
  // What it should have become.
  CHECK(said({{{0.9, 0.2}, {0.85, 0.85}}, {0.507, 0.0}, {{0.3, -0.3}, {0.0, 0.0}}}) == "resolved");
}

TEST_CASE("a model that never learned did not learn, whatever it follows") {
  CHECK(said({{{0.5, 0.5}, {0.5, 0.5}}, {0.0, 0.0}, kNoTrap}) == "did not learn");
  CHECK(said({{{0.499, 0.499}, {0.499, 0.499}}, {0.3, 0.0}, kNoTrap}) == "did not learn");
  CHECK(said({{{0.5, 0.5}, {0.5, 0.5}}, {0.4, 0.4}, kNoTrap}) == "did not learn");
  CHECK(said({{{0.86, 0.86}, {0.86, 0.86}}, {0.0, 0.0}, kNoTrap}) == "not confused");
}

TEST_CASE("what follows a cue is near chance in some phases, and has not collapsed") {
  // Frozen: right by its cue in phase 0, wrong by it in phase 1.
  CHECK(said({{{0.9, 0.1}, {0.9, 0.1}}, {0.8, 0.8}, {{0.4, -0.4}, {0.4, -0.4}}}) == "unchanged");
  // Frozen, where its cue says nothing any more.
  CHECK(said({{{0.9, 0.5}, {0.9, 0.5}}, {0.8, 0.8}, {{0.4, 0.0}, {0.4, 0.0}}}) == "unchanged");
  CHECK(said({{{0.9, 0.1}, {0.1, 0.9}}, {0.8, 0.8}, {{0.4, -0.4}, {-0.4, 0.4}}}) == "replaced");
}

TEST_CASE("where it is not sure that a model learned, it is not praised") {
  // Half-way from .5 to .869 is .6845.
  const PlantedStream halfway{
      {{0.9, 0.2}, {0.68, 0.6845}}, {0.507, 0.0}, {{0.3, -0.3}, {0.0, 0.0}}};
  CHECK(said(halfway) == "undecided");
  CHECK(judged(halfway).learned() == Learned::unsure);
}

TEST_CASE("where ceilings are not known, nothing is said of learning") {
  PlantedStream planted{{{0.9, 0.2}, {0.5, 0.5}}, {0.507, 0.0}, {{0.3, -0.3}, {0.0, 0.0}}};
  for (const double unknown : {kNan, 0.51}) {  // or nearer to chance than can be told
    planted.invariant = unknown;
    CHECK(said(planted) == "resolved");
    CHECK(judged(planted).learned() == Learned::unknown);
  }
}

TEST_CASE("where the ceiling of a phase is not known, chance in the others is no collapse") {
  // It learned another mechanism in phase 1.
  PlantedStream planted{{{0.9, 0.2}, {0.5, 0.9}}, {0.507, 0.3}, {{0.3, -0.3}, {0.0, 0.0}}};
  auto strata = seeds_of(planted, 5);
  for (StreamNumbers& trial : strata[0]) trial.invariant[1] = kNan;
  CHECK(stream_verdict(strata, -1, 0.1, "unknown").outcome == StreamOutcome::undecided);
}

TEST_CASE("learning of a regression is a loss half-way down from chance") {
  PlantedStream planted{{{0.3, 2.0}, {1.0, 1.0}}, {0.5, 0.01}, {{0.3, -0.9}, {0.0, 0.0}}};
  planted.accuracy = false;
  planted.chance = 1.0;
  planted.invariant = 0.4;
  CHECK(said(planted) == "collapsed");
  planted.scores = {{0.3, 2.0}, {0.45, 0.45}};
  CHECK(said(planted) == "resolved");
  planted.scores = {{0.3, 2.0}, {5.0, 5.0}};  // worse than a constant, by no cue
  CHECK(said(planted) == "collapsed");
}

TEST_CASE("a cue swapped and swapped back is not unchanged") {
  const std::vector<std::vector<double>> swapped = {
      {0.9, 0.1, 0.9}, {0.1, 0.9, 0.1}, {0.9, 0.1, 0.9}};
  const std::vector<std::vector<double>> cue_contributions = {
      {0.4, -0.4, 0.4}, {-0.4, 0.4, -0.4}, {0.4, -0.4, 0.4}};
  CHECK(said({swapped, {0.8, 0.8, 0.8}, cue_contributions}) == "returned");
  const std::vector<std::vector<double>> still = {
      {0.9, 0.1, 0.9}, {0.9, 0.1, 0.9}, {0.9, 0.1, 0.9}};
  const std::vector<std::vector<double>> still_contributions = {
      {0.4, -0.4, 0.4}, {0.4, -0.4, 0.4}, {0.4, -0.4, 0.4}};
  CHECK(said({still, {0.8, 0.8, 0.8}, still_contributions}) == "unchanged");
}

TEST_CASE("no outcome comes from one seed, or from seeds that coincide") {
  PlantedStream planted{{{0.9, 0.2}, {0.85, 0.85}}, {0.507, 0.01}, {{0.3, -0.3}, {0.0, 0.01}}};
  CHECK(said(planted, 1) == "undecided");
  // Their rows say how well each is known.
  CHECK(said(planted, 2, 0.0) == "resolved");
  planted.rows = 10.0;
  CHECK(said(planted, 2, 0.0) == "undecided");
  planted.rows = 0.0;
  CHECK(said(planted, 2, 0.0) == "undecided");
  CHECK(said(planted, 5, 0.0) == "undecided");
}
