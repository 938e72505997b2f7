// Ranks, their bootstrap, Kendall's tau, and scores between two ceilings, against values by hand.
#include "analysis/rank_statistics.hpp"

#include <cmath>

#include "analysis/normalised_score.hpp"
#include "catch.hpp"

namespace spurion::analysis {

using Ranks = std::vector<double>;

TEST_CASE("ranks begin at the highest value, equal values share, NaN comes last") {
  const double none = std::nan("");
  CHECK(ranks_of({0.1, 0.7, 0.3}) == Ranks{3, 1, 2});
  CHECK(ranks_of({0.3, 0.7, 0.1 + 0.2, 0.1}) == Ranks{2.5, 1, 2.5, 4});
  CHECK(ranks_of({none, 0.2, none}) == Ranks{2.5, 1, 2.5});
  CHECK(ranks_of({}).empty());
}

TEST_CASE("Kendall's tau-b agrees with values by hand") {
  CHECK(kendall_tau_b({1, 2, 3, 4}, {1, 2, 3, 4}) == Approx(1.0));
  CHECK(kendall_tau_b({1, 2, 3, 4}, {4, 3, 2, 1}) == Approx(-1.0));
  // 5 of 6 pairs in the same order, 1 in the opposite: (5 - 1) / 6.
  CHECK(kendall_tau_b({1, 2, 3, 4}, {1, 2, 4, 3}) == Approx(4.0 / 6.0));
  // A tie in y: 5 pairs in the same order, 6 no tie in x, 5 no tie in y.
  CHECK(kendall_tau_b({1, 2, 3, 4}, {1, 2, 2, 4}) == Approx(5.0 / std::sqrt(30.0)));
  // Ties in both. Of 10 pairs 8 are no tie in x, 9 none in y; 2 have one order, 6 the opposite.
  CHECK(kendall_tau_b({12, 2, 1, 12, 2}, {1, 4, 7, 1, 0}) == Approx(-4.0 / std::sqrt(8.0 * 9.0)));
  CHECK(std::isnan(kendall_tau_b({1, 1, 1}, {1, 2, 3})));
  CHECK(std::isnan(kendall_tau_b({1}, {1})));
}

TEST_CASE("a rank is as sure as its seeds make it, and the same each time") {
  const std::vector<std::vector<BySeed>> entries = {
      {{{0, 0.2}, {1, 0.3}, {2, 0.2}, {3, 0.3}}},
      {{{0, 0.8}, {1, 0.9}, {2, 0.8}, {3, 0.9}}},
      // Ahead of the first on three seeds of four, and far behind on the other.
      {{{0, 0.3}, {1, 0.4}, {2, 0.3}, {3, 0.05}}},
      {}};
  const auto all = rank_stability(entries, "k");
  REQUIRE(all.size() == 4);
  CHECK(all[1].rank.value == 1.0);
  CHECK(all[1].rank.low == 1.0);
  CHECK(all[1].rank.high == 1.0);
  CHECK(all[1].first == 1.0);
  CHECK(all[2].rank.value == 2.0);
  CHECK(all[2].rank.low == 2.0);
  CHECK(all[2].rank.high == 3.0);
  CHECK(all[0].first == 0.0);
  CHECK(all[0].rank.seeds == 4);
  CHECK(std::isnan(all[3].rank.value));
  CHECK(all[3].rank.count == 0);
  const auto again = rank_stability(entries, "k");
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(again[i].first == all[i].first);
    CHECK(again[i].rank.low == all[i].rank.low);
  }
  // Two that are equal are each first as often as the other.
  const auto equal = rank_stability({{{{0, 0.5}, {1, 0.6}}}, {{{0, 0.5}, {1, 0.6}}}}, "k");
  CHECK(equal[0].rank.value == 1.5);
  CHECK(equal[0].first == 1.0);
  CHECK(equal[1].first == 1.0);
}

TEST_CASE("strata weigh alike, and one seed says nothing of how sure a rank is") {
  // Means over strata: (.5 + .1) / 2 and (.3 + .2) / 2.
  const auto all =
      rank_stability({{{{0, 0.4}, {1, 0.6}}, {{0, 0.1}}}, {{{0, 0.3}, {1, 0.3}}, {{0, 0.2}}}}, "k");
  CHECK(all[0].rank.value == 1.0);
  const auto one = rank_stability({{{{7, 0.4}}}, {{{7, 0.3}}}}, "k");
  CHECK(one[1].rank.value == 2.0);
  CHECK(one[1].rank.seeds == 1);
  CHECK(one[1].rank.low == 2.0);
}

TEST_CASE("a score is placed between the ceilings, unless the cue costs nothing") {
  const ScoreScale scale{0.1, 0.75, true};
  CHECK(scale.problem() == ScaleProblem::none);
  CHECK(scale.of(0.1) == Approx(0.0));
  CHECK(scale.of(0.75) == Approx(1.0));
  CHECK(scale.of(0.425) == Approx(0.5));
  CHECK(scale.of(0.035) == Approx(-0.1));
  // Of a loss less is better: the cue only 4, the invariant 1.
  const ScoreScale loss{4.0, 1.0, false};
  CHECK(loss.of(4.0) == Approx(0.0));
  CHECK(loss.of(1.0) == Approx(1.0));
  CHECK(loss.of(5.5) == Approx(-0.5));
  CHECK(ScoreScale{0.75, 0.75, true}.problem() == ScaleProblem::no_cost);
  CHECK(ScoreScale{0.8, 0.75, true}.problem() == ScaleProblem::no_cost);
  CHECK(ScoreScale{1.0, 4.0, false}.problem() == ScaleProblem::no_cost);
  CHECK(ScoreScale{0.74, 0.75, true}.problem() == ScaleProblem::too_close);
  CHECK(ScoreScale{std::nan(""), 0.75, true}.problem() == ScaleProblem::unknown);
  CHECK(std::isnan(ScoreScale{0.8, 0.75, true}.of(0.7)));
}

TEST_CASE("the ranks of seeds that coincide are not surer than their rows") {
  // Every seed has the same score; the rows of two methods leave it open which is better.
  const auto scores_of = [](double score, double rows) {
    SeedCells cells;
    for (std::int64_t seed = 0; seed < 3; ++seed) {
      cells.add("c", seed, score, rate_noise(score, rows));
    }
    return cells;
  };
  const auto ranks_with = [&](double rows) {
    const std::vector<SeedCells> scores = {scores_of(0.80, rows), scores_of(0.79, rows),
                                           scores_of(0.30, rows), SeedCells()};
    std::vector<std::vector<BySeed>> entries;
    for (const SeedCells& one : scores) entries.push_back(one.configurations());
    std::vector<RankStability> ranks = rank_stability(entries, "k");
    widen_by_rows(ranks, scores, true);
    return ranks;
  };
  const auto few = ranks_with(50);
  CHECK(few[0].rank.low == 1.0);
  CHECK(few[0].rank.high == 2.0);
  CHECK(few[1].rank.low == 1.0);
  CHECK(few[1].rank.high == 2.0);
  CHECK(few[2].rank.low == 3.0);
  CHECK(few[2].rank.high == 3.0);
  const auto many = ranks_with(100000);
  CHECK(many[0].rank.high == 1.0);
  CHECK(many[1].rank.low == 2.0);
  // Rows that are not known leave the ranks as they are.
  CHECK(ranks_with(0)[0].rank.high == 1.0);
}

}  // namespace spurion::analysis
