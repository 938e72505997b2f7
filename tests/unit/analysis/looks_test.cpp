// Looks at a run that may stop early: their levels, and that all of them together show a difference
// where there is none no more often than one look would.
#include "analysis/looks.hpp"

#include <cmath>

#include "analysis/paired_test.hpp"
#include "catch.hpp"
#include "spurion/random.hpp"

namespace spurion::analysis {

namespace {

Stopping looks_at(std::vector<std::int64_t> seeds) {
  Stopping stopping;
  stopping.when_decided = true;
  stopping.looks = std::move(seeds);
  return stopping;
}

/// The first seeds of made-up differences whose true mean is `mean`.
SeedCells seeds_of(const RandomStream& stream, std::int64_t row, std::int64_t seeds, double mean) {
  SeedCells differences;
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    differences.add("c", seed, mean + stream.normal(row, seed));
  }
  return differences;
}

/// How often any comparison of a family of two is shown at any look.
double any_shown(const std::vector<Look>& looks, double mean, int repetitions, bool spend) {
  const RandomStream stream(RandomKey(3).child("looks"));
  int shown = 0;
  for (int i = 0; i < repetitions; ++i) {
    bool any = false;
    for (const Look& look : looks) {
      std::vector<PairedTest> tests;
      for (int j = 0; j < 2; ++j) {
        tests.push_back(paired_test(seeds_of(stream, 2 * i + j, look.seeds, mean), "p"));
      }
      adjust(tests, spend ? look.level : kTestLevel);
      any = any || tests[0].shown() || tests[1].shown();
    }
    shown += any ? 1 : 0;
  }
  return static_cast<double>(shown) / repetitions;
}

}  // namespace

TEST_CASE("looks share the level, and the last keeps most of it") {
  const auto looks = looks_of(looks_at({5, 10, 20}), 20);
  REQUIRE(looks.size() == 3);
  // O'Brien-Fleming-like spending of .05 at a quarter, half and all (Lan & DeMets 1983).
  CHECK(looks[0].level == Approx(0.0000886).margin(1e-6));
  CHECK(looks[1].level == Approx(0.00548).margin(2e-5));
  CHECK(looks[2].level == Approx(0.05 - looks[0].level - looks[1].level));
  CHECK(looks.back().seeds == 20);
  CHECK(look_at(looks, 4).seeds == 5);
  CHECK(look_at(looks, 5).seeds == 5);
  CHECK(look_at(looks, 6).seeds == 10);
  CHECK(look_at(looks, 21).seeds == 20);
  // Without the key there is one look at all seeds. Looks beyond an experiment's seeds fall away.
  CHECK(looks_of(Stopping(), 7).size() == 1);
  CHECK(looks_of(Stopping(), 7).front().level == kTestLevel);
  CHECK(looks_of(looks_at({5, 10}), 5).size() == 1);
  CHECK(looks_of(looks_at({}), 16).size() == 3);
  CHECK(looks_of(looks_at({}), 2).size() == 1);
  for (const std::int64_t seeds : {2, 3, 8, 1000}) {
    double sum = 0.0;
    for (const Look& look : looks_of(looks_at({2, 500}), seeds)) sum += look.level;
    CHECK(sum == Approx(0.05));
  }
}

TEST_CASE("looks show nothing where there is nothing in all but 5 % of runs") {
  const auto looks = looks_of(looks_at({3, 6}), 9);
  constexpr int kRuns = 3000;
  const double error = 3.0 * std::sqrt(0.05 * 0.95 / kRuns);
  CHECK(any_shown(looks, 0.0, kRuns, true) <= 0.05 + error);
  // Looks that each have the whole level show far more.
  CHECK(any_shown(looks, 0.0, kRuns, false) > 0.05 + error);
  // What is there is shown, as a rule before the last look.
  CHECK(any_shown(looks, 2.0, 200, true) > 0.95);
  CHECK(any_shown({looks[0], looks[1]}, 4.0, 200, true) > 0.8);
}

TEST_CASE("sign flips that cannot be rare enough for a large family do not decide") {
  const RandomStream stream(RandomKey(4));
  PairedTest test = paired_test(seeds_of(stream, 0, 20, 10.0), "p");
  CHECK(test.least == Approx(1.0 / 100001));  // of random flips, not 2^-19
  CHECK(test.student < 1e-9);
  test.least *= 6000;  // as Holm's method for so many comparisons
  test.flips *= 6000;
  CHECK(test.shown());
}

TEST_CASE("an interval at the level of a look is wider than that of people's") {
  const RandomStream stream(RandomKey(9));
  const SeedCells few = seeds_of(stream, 0, 5, 0.0);
  const Estimate usual = few.estimate("k");
  CHECK(few.estimate_at(0.05, "k").low == usual.low);
  const Estimate strict = few.estimate_at(0.005, "k");
  CHECK(strict.low < usual.low);
  CHECK(strict.high > usual.high);
  CHECK(strict.value == usual.value);
  // t(.9975, 4) / t(.975, 4)
  CHECK((strict.high - strict.value) / (usual.high - usual.value) ==
        Approx(5.5976 / 2.7764).epsilon(1e-3));
  // More than 29 seeds too, where the interval that people see is a bootstrap.
  const SeedCells many = seeds_of(stream, 1, 40, 0.0);
  CHECK(many.estimate_at(0.005, "k").high > many.estimate("k").high);
}

}  // namespace spurion::analysis
