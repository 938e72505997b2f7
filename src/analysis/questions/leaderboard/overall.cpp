#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "analysis/method_lines.hpp"
#include "analysis/questions/leaderboard/board.hpp"

namespace spurion::analysis::questions::leaderboard {

namespace {

/// What is added up over the environments of a method.
struct Sums {
  Overall overall;
  SeedCells normalised;         ///< by environment
  std::vector<BySeed> by_seed;  ///< of each environment with a scale
  Runs runs;                    ///< the same, with the noise of rows
  bool learned = true;          ///< in all of them
  double flops = 0.0;           ///< in 10^9, of all trials
};

/// The mean of all scores of a seed, seed by seed.
BySeed means_by_seed(const std::vector<ScaledScore>& scores) {
  std::map<std::int64_t, std::vector<double>> values;
  for (const ScaledScore& score : scores) values[score.seed].push_back(score.value);
  BySeed means;
  for (const auto& [seed, of_seed] : values) means[seed] = mean(of_seed);
  return means;
}

/// The same with the noise of the mean: the configurations of a seed share its rows.
std::map<std::int64_t, RunScore> runs_by_seed(const std::vector<ScaledScore>& scores) {
  std::map<std::int64_t, RunScore> runs;
  std::map<std::int64_t, double> counts;
  for (const ScaledScore& score : scores) {
    runs[score.seed].value += score.value;
    runs[score.seed].deviation += score.noise.deviation;
    counts[score.seed] += 1.0;
  }
  for (auto& [seed, run] : runs) {
    run.value /= counts[seed];
    run.deviation /= counts[seed];
  }
  return runs;
}

void add(const Board& board, const Standing& one, Sums& sums) {
  Overall& overall = sums.overall;
  overall.line = one.line;
  overall.line.environment.clear();
  if (overall.control == Control::none) overall.control = one.control;
  overall.samples = std::max(overall.samples, one.samples);
  const Result result = one.verdict.result;
  overall.wins += result == Result::won ? 1 : 0;
  overall.wins_as_placebo += result == Result::won_as_placebo ? 1 : 0;
  overall.ties += result == Result::tied ? 1 : 0;
  overall.losses += result == Result::lost ? 1 : 0;
  overall.unlearned += one.learned == Learned::no ? 1 : 0;
  overall.lost_id += one.lost_id ? 1 : 0;
  overall.environments += one.ood.empty() ? 0 : 1;
  overall.fates.add(one.fates);
  if (std::holds_alternative<Missing>(overall.access)) overall.access = one.access;
  sums.flops += one.gflop * static_cast<double>(one.fates.done);
  if (one.normalised.empty()) return;
  sums.learned = sums.learned && one.learned != Learned::no;
  sums.by_seed.push_back(means_by_seed(one.normalised));
  sums.runs[board.environment] = runs_by_seed(one.normalised);
  for (const ScaledScore& score : one.normalised) {
    sums.normalised.add(board.environment, score.seed, score.value, score.noise);
  }
}

/// What is told against the baseline and the controls over all environments: the pairs are those of
/// one environment and seed, a seed is one unit, and the environments are taken as given.
void compare(std::vector<Overall>& all, const std::map<std::string, Sums>& methods,
             const std::string& experiment, const BoardOptions& options) {
  std::vector<ResultsView::Line> lines;
  for (const Overall& one : all) {
    if (one.normalised.count > 0) lines.push_back(one.line);
  }
  std::map<std::string, Contest> regimes;
  std::map<std::string, std::vector<Overall*>> told;
  for (Overall& one : all) {
    if (one.normalised.count == 0) continue;
    const Sums& sums = methods.at(one.line.name);
    const ResultsView::Line* base = baseline_of(lines, one.line, options.baseline);
    regimes[one.line.regime].push_back(
        {fmt::format("leaderboard {} {} normalised", experiment, one.line.name), sums.normalised,
         true, Range{}, sums.learned ? Learned::yes : Learned::no, one.control,
         base != nullptr && base->name == one.line.name});
    told[one.line.regime].push_back(&one);
  }
  std::vector<Contest> contests;
  for (auto& [regime, contest] : regimes) contests.push_back(std::move(contest));
  const std::vector<std::vector<Verdict>> verdicts = judge(contests, options.level);
  std::size_t c = 0;
  for (const auto& [regime, methods_of_regime] : told) {
    for (std::size_t i = 0; i < methods_of_regime.size(); ++i) {
      methods_of_regime[i]->verdict = verdicts[c][i];
    }
    ++c;
  }
}

/// Probabilities of improvement over the baseline of the same regime.
void compare_runs(std::vector<Overall>& all, const std::string& experiment,
                  const BoardOptions& options) {
  std::vector<ResultsView::Line> lines;
  for (const Overall& one : all) lines.push_back(one.line);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const ResultsView::Line* base = baseline_of(lines, lines[i], options.baseline);
    if (base == nullptr || base == &lines[i] || all[i].runs.empty()) continue;
    const Overall& baseline = all[static_cast<std::size_t>(base - lines.data())];
    all[i].improvement = probability_of_improvement(
        all[i].runs, baseline.runs,
        fmt::format("leaderboard {} {} improvement", experiment, lines[i].name));
  }
}

}  // namespace

std::vector<Overall> overall_of(const std::vector<Board>& boards, const std::string& experiment,
                                const BoardOptions& options) {
  std::vector<std::string> order;
  std::map<std::string, Sums> methods;
  std::size_t scales = 0;
  for (const Board& board : boards) {
    scales += board.normalised() ? 1 : 0;
    for (const Standing& one : board.standings) {
      if (methods.count(one.line.name) == 0) order.push_back(one.line.name);
      add(board, one, methods[one.line.name]);
    }
  }
  std::vector<Overall> all;
  std::vector<std::vector<BySeed>> entries;
  std::vector<SeedCells> scores;
  for (const std::string& name : order) {
    Sums& sums = methods.at(name);
    const bool complete = scales > 0 && sums.by_seed.size() == scales;
    if (!complete) sums.by_seed.clear();
    Overall& overall = sums.overall;
    overall.normalised =
        (complete ? sums.normalised : SeedCells())
            .estimate(fmt::format("leaderboard {} {} normalised", experiment, name));
    if (complete) {
      overall.runs = std::move(sums.runs);
      overall.iqm = interquartile_mean_of(overall.runs,
                                          fmt::format("leaderboard {} {} iqm", experiment, name));
    }
    const auto done = static_cast<double>(overall.fates.done);
    overall.gflop = done > 0.0 ? sums.flops / done : 0.0;
    all.push_back(std::move(overall));
    // An oracle is no competitor.
    if (all.back().control == Control::oracle) sums.by_seed.clear();
    scores.push_back(sums.by_seed.empty() ? SeedCells() : sums.normalised);
    entries.push_back(std::move(sums.by_seed));
  }
  compare(all, methods, experiment, options);
  compare_runs(all, experiment, options);
  auto ranks = rank_stability(entries, fmt::format("leaderboard {}", experiment));
  widen_by_rows(ranks, scores, true);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].rank = ranks[i];
  const auto place = [](const Overall& one) {
    return one.rank.rank.count > 0 ? one.rank.rank.value : std::numeric_limits<double>::infinity();
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Overall& a, const Overall& b) { return place(a) < place(b); });
  return all;
}

std::vector<Agreement> agreements_of(const std::vector<Board>& boards) {
  std::vector<std::map<std::string, double>> scores;  // by board and method
  for (const Board& board : boards) {
    scores.emplace_back();
    for (const Standing& one : board.standings) {
      if (one.ood_mean.count > 0) {
        scores.back()[one.line.name] = board.oriented(one.ood_mean.value);
      }
    }
  }
  std::vector<Agreement> all;
  for (std::size_t i = 0; i < boards.size(); ++i) {
    for (std::size_t j = i + 1; j < boards.size(); ++j) {
      std::vector<double> x;
      std::vector<double> y;
      for (const auto& [method, score] : scores[i]) {
        const auto other = scores[j].find(method);
        if (other == scores[j].end()) continue;
        x.push_back(score);
        y.push_back(other->second);
      }
      all.push_back({boards[i].environment, boards[j].environment, kendall_tau_b(x, y),
                     static_cast<std::int64_t>(x.size())});
    }
  }
  return all;
}

}  // namespace spurion::analysis::questions::leaderboard
