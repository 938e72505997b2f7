#include "analysis/questions/leaderboard/judge.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

#include "analysis/student_distribution.hpp"

namespace spurion::analysis::questions::leaderboard {

namespace {

constexpr double kNormal975 = 1.959964;  // the normal quantile of .975

/// A paired comparison of a contender, and where it belongs.
struct Compared {
  std::size_t contest;
  std::size_t contender;
  Estimate difference;
};

/// Comparisons whose p values are adjusted together.
struct Family {
  std::vector<Compared> compared;
  std::vector<PairedTest> tests;

  /// Compares one with another; nothing where they share no seed.
  void add(const Compared& place, const Contender& one, const Contender& other,
           const std::string& what) {
    const SeedCells paired = one.scores.minus(other.scores);
    if (paired.empty()) return;
    compared.push_back(place);
    compared.back().difference = paired.estimate(one.key + what + " difference", one.differences);
    tests.push_back(paired_test(paired, one.key + what + " p"));
  }
};

/// What a difference is shown to be, such that above is better.
Shown shown(const Estimate& difference, const PairedTest& test, bool high) {
  const Shown as_is = test.shown(difference);
  if (high || as_is == Shown::no) return as_is;
  return as_is == Shown::above ? Shown::below : Shown::above;
}

Result result_of(const Contender& one, const Verdict& verdict) {
  if (one.learned == Learned::no) return Result::did_not_learn;
  if (verdict.difference.seeds < 2) return Result::undecided;
  const Shown against_baseline = shown(verdict.difference, verdict.test, one.high);
  if (against_baseline == Shown::no) return Result::tied;
  if (against_baseline == Shown::below) return Result::lost;
  if (verdict.placebo_difference.count == 0) return Result::won;
  const Shown against_placebo = shown(verdict.placebo_difference, verdict.placebo_test, one.high);
  return against_placebo == Shown::above ? Result::won : Result::won_as_placebo;
}

/// The mean over configurations of means over seeds, without one of them; NaN where a configuration
/// has no other.
double mean_without(const std::vector<BySeed>& configurations, std::int64_t left_out) {
  double total = 0.0;
  for (const BySeed& values : configurations) {
    double sum = 0.0;
    double count = 0.0;
    for (const auto& [seed, value] : values) {
      if (seed == left_out) continue;
      sum += value;
      count += 1.0;
    }
    total += sum / count;
  }
  return total / static_cast<double>(configurations.size());
}

/// The share of the way from the baseline to the oracle, on the seeds that all three have. The
/// interval is that of a jackknife that leaves out one seed at a time.
std::optional<Estimate> share_of_way(const SeedCells& own, const SeedCells& baseline,
                                     const SeedCells& oracle) {
  const SeedCells gain = own.minus(baseline);
  const SeedCells way = oracle.minus(baseline);
  // Each where the other is too: x - (x - y) is y, on the seeds of both.
  const SeedCells paired_gain = way.minus(way.minus(gain));
  const SeedCells paired_way = gain.minus(gain.minus(way));
  if (paired_gain.empty()) return std::nullopt;
  const std::vector<BySeed> gains = paired_gain.configurations();
  const std::vector<BySeed> ways = paired_way.configurations();
  constexpr std::int64_t kNone = -1;
  Estimate share;
  share.value = share.low = share.high = mean_without(gains, kNone) / mean_without(ways, kNone);
  if (!std::isfinite(share.value)) return std::nullopt;
  std::set<std::int64_t> seeds;
  for (const BySeed& values : gains) {
    for (const auto& [seed, value] : values) seeds.insert(seed);
  }
  share.count = static_cast<std::int64_t>(paired_gain.values().size());
  share.seeds = static_cast<std::int64_t>(seeds.size());
  if (seeds.size() < 2) return share;
  double squares = 0.0;
  for (const std::int64_t seed : seeds) {
    const double without = mean_without(gains, seed) / mean_without(ways, seed);
    squares += (without - share.value) * (without - share.value);
  }
  const auto n = static_cast<double>(seeds.size());
  // Seeds that coincide are no surer than the rows of the gain.
  const double of_rows = kNormal975 * paired_gain.noise() / std::abs(mean_without(ways, kNone));
  const double half =
      std::max(student_quantile(0.975, n - 1.0) * std::sqrt(squares * (n - 1.0) / n), of_rows);
  if (!std::isfinite(half)) return std::nullopt;
  share.low -= half;
  share.high += half;
  return share;
}

/// Adds the shares of the way to the best oracle that is shown to be better than the baseline.
void add_shares(const Contest& contest, std::vector<Verdict>& verdicts) {
  const Contender* baseline = nullptr;
  const Contender* oracle = nullptr;
  double most = 0.0;
  for (std::size_t i = 0; i < contest.size(); ++i) {
    if (contest[i].baseline) baseline = &contest[i];
    if (contest[i].control != Control::oracle || !beats_baseline(verdicts[i].result)) continue;
    const double gain = std::abs(verdicts[i].difference.value);
    if (gain <= most) continue;
    most = gain;
    oracle = &contest[i];
  }
  if (baseline == nullptr || oracle == nullptr) return;
  for (std::size_t i = 0; i < contest.size(); ++i) {
    if (contest[i].baseline || contest[i].control == Control::oracle) continue;
    verdicts[i].oracle_share = share_of_way(contest[i].scores, baseline->scores, oracle->scores);
  }
}

}  // namespace

const char* result_name(Result result) {
  switch (result) {
    case Result::won:
      return "won";
    case Result::won_as_placebo:
      return "won, control not beaten";
    case Result::tied:
      return "tied";
    case Result::lost:
      return "lost";
    case Result::did_not_learn:
      return "did not learn";
    case Result::undecided:
      return "undecided";
    case Result::none:
      break;
  }
  return "-";
}

std::vector<std::vector<Verdict>> judge(const std::vector<Contest>& contests, double level) {
  Family baselines;
  Family placebos;
  std::vector<std::vector<Verdict>> verdicts;
  for (std::size_t c = 0; c < contests.size(); ++c) {
    const Contest& contest = contests[c];
    verdicts.emplace_back(contest.size());
    const auto baseline = std::find_if(contest.begin(), contest.end(),
                                       [](const Contender& one) { return one.baseline; });
    if (baseline == contest.end()) continue;
    for (std::size_t i = 0; i < contest.size(); ++i) {
      if (contest[i].baseline) continue;
      baselines.add({c, i, {}}, contest[i], *baseline, "");
      if (contest[i].control != Control::none) continue;
      for (const Contender& other : contest) {
        if (other.control != Control::placebo) continue;
        placebos.add({c, i, {}}, contest[i], other, " against " + other.key);
      }
    }
  }
  adjust(baselines.tests, level);
  adjust(placebos.tests, level);
  for (std::size_t t = 0; t < placebos.tests.size(); ++t) {
    const Compared& one = placebos.compared[t];
    const bool high = contests[one.contest][one.contender].high;
    Verdict& verdict = verdicts[one.contest][one.contender];
    const bool first = verdict.placebo_difference.count == 0;
    const bool beaten = shown(one.difference, placebos.tests[t], high) == Shown::above;
    const bool was_beaten =
        !first && shown(verdict.placebo_difference, verdict.placebo_test, high) == Shown::above;
    // Of several placebos the one that it is least surely better than.
    const bool less_sure =
        beaten == was_beaten ? placebos.tests[t].student > verdict.placebo_test.student : !beaten;
    if (!first && !less_sure) continue;
    verdict.placebo_difference = one.difference;
    verdict.placebo_test = placebos.tests[t];
  }
  for (std::size_t t = 0; t < baselines.tests.size(); ++t) {
    const Compared& one = baselines.compared[t];
    Verdict& verdict = verdicts[one.contest][one.contender];
    verdict.difference = one.difference;
    verdict.test = baselines.tests[t];
    verdict.result = result_of(contests[one.contest][one.contender], verdict);
  }
  for (std::size_t c = 0; c < contests.size(); ++c) add_shares(contests[c], verdicts[c]);
  return verdicts;
}

}  // namespace spurion::analysis::questions::leaderboard
