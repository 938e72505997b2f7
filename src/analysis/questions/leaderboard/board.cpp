#include "analysis/questions/leaderboard/board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "analysis/controls.hpp"
#include "analysis/method_lines.hpp"
#include "core/measurement_names.hpp"

namespace spurion::analysis::questions::leaderboard {

namespace {

using core::MeasuredIn;
using core::MetricId;
using core::stored_domain;
using core::stored_name;

/// The scores of a line on the scale of each trial; adds the scales to those of the board.
std::vector<ScaledScore> scaled_scores(const ResultsView& view, const ResultsView::Line& line,
                                       bool accuracy, std::vector<ScoreScale>& scales) {
  const std::string test = stored_domain(MeasuredIn::test);
  const std::string& metric = stored_name(core::score_metric(accuracy));
  std::vector<ScaledScore> scores;
  for (const ResultsView::Row& row : view.rows(line)) {
    const auto score = number(*row.trial, test, metric);
    if (!score) continue;
    const ScoreScale scale = score_scale(*row.trial, accuracy);
    scales.push_back(scale);
    RowNoise noise = row_noise(*row.trial, test, metric, *score);
    noise.unit = 1.0 / std::abs(scale.cost());
    noise.deviation *= noise.unit;
    scores.push_back({row.configuration, row.trial->spec.seed, scale.of(*score), noise});
  }
  return scores;
}

/// Names the random numbers of a board.
std::string board_key(const std::string& experiment, const Board& board) {
  return fmt::format("leaderboard {} {}", experiment, board.environment);
}

bool has_accuracy(const TrialResult& trial) {
  return number(trial, stored_domain(MeasuredIn::test), stored_name(MetricId::accuracy)) ||
         number(trial, stored_domain(MeasuredIn::in_distribution), stored_name(MetricId::accuracy));
}

bool scored_by_accuracy(const ResultsView& view, const std::vector<ResultsView::Line>& lines) {
  for (const ResultsView::Line& line : lines) {
    for (const ResultsView::Row& row : view.rows(line)) return has_accuracy(*row.trial);
  }
  return true;
}

/// Its numbers without those that need the others.
Standing standing_of(const Study& study, const ResultsView& view, const ResultsView::Line& line,
                     bool accuracy, const std::string& key) {
  const std::string& metric = stored_name(core::score_metric(accuracy));
  const std::string id = stored_domain(MeasuredIn::in_distribution);
  const std::string test = stored_domain(MeasuredIn::test);
  const Range range = range_of(metric, accuracy);
  Standing out;
  out.line = line;
  out.id = view.numbers(line, id, metric);
  out.ood = view.numbers(line, test, metric);
  out.gap = view.numbers(line, test, stored_name(MetricId::gap));
  out.id_mean = out.id.estimate(key + " id", range);
  out.ood_mean = out.ood.estimate(key + " ood", range);
  SeedCells learning;
  out.control = control_of(study, view, line);
  out.samples = samples_of(study, view, line);
  double flops = 0.0;
  double trials = 0.0;
  for (const ResultsView::Row& row : view.rows(line)) {
    learning.add_learning(row.configuration, *row.trial, metric);
    flops += row.trial->cost.flops;
    trials += 1.0;
  }
  out.learned = learned(learning.estimate(key + " learned"));
  out.gflop = trials > 0.0 ? 1e-9 * flops / trials : 0.0;
  out.fates = view.fates(line);
  out.access = access_of(study.results(), view, line);
  return out;
}

/// Whether a mean difference is shown, by its own interval, to lie beyond `margin` below 0.
bool below(const Estimate& difference, double margin) {
  return (difference.has_spread() || difference.is_nothing()) && difference.high < -margin;
}

/// Whether the gap of a method is smaller than the baseline's because it is worse in distribution.
bool loses_id(const Board& board, const Standing& own, const Standing& baseline,
              const std::string& name, double least) {
  const Range range = board.accuracy ? kDifference : Range{};
  const Range gaps = board.accuracy ? Range{-2.0, 2.0} : Range{};
  const Estimate gap = own.gap.minus(baseline.gap).estimate(name + " gap difference", gaps);
  Estimate id = own.id.minus(baseline.id).estimate(name + " id difference", range);
  if (!board.accuracy) {  // more error is a loss
    id.value = -id.value;
    std::swap(id.low, id.high);
    id.low = -id.low;
    id.high = -id.high;
  }
  const double margin = board.accuracy ? least : 0.0;
  return below(gap, margin) && below(id, margin);
}

/// The methods of one regime in one environment, and who they are.
struct BoardContest {
  Board* board = nullptr;
  std::string key;
  std::vector<std::size_t> places;  ///< among the standings
  const Standing* baseline = nullptr;
  Contest contenders;
};

/// One contest a regime.
std::vector<BoardContest> contests_of(Board& board, const std::string& key,
                                      const BoardOptions& options) {
  std::vector<ResultsView::Line> lines;
  for (const Standing& one : board.standings) lines.push_back(one.line);
  std::map<std::string, BoardContest> regimes;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const ResultsView::Line* base = baseline_of(lines, lines[i], options.baseline);
    BoardContest& contest = regimes[lines[i].regime];
    contest.board = &board;
    contest.key = key;
    if (base != nullptr) {
      contest.baseline = &board.standings[static_cast<std::size_t>(base - lines.data())];
    }
    const Standing& one = board.standings[i];
    contest.places.push_back(i);
    contest.contenders.push_back({fmt::format("{} {}", key, lines[i].name), one.ood, board.accuracy,
                                  board.accuracy ? kDifference : Range{}, one.learned, one.control,
                                  base == &lines[i]});
  }
  std::vector<BoardContest> contests;
  for (auto& [regime, contest] : regimes) contests.push_back(std::move(contest));
  return contests;
}

/// Everything that is told against the baseline and the controls.
void compare(std::vector<Board>& boards, const std::string& experiment,
             const BoardOptions& options) {
  std::vector<BoardContest> all;
  for (Board& board : boards) {
    for (BoardContest& one : contests_of(board, board_key(experiment, board), options)) {
      all.push_back(std::move(one));
    }
  }
  std::vector<Contest> contests;
  for (BoardContest& one : all) contests.push_back(std::move(one.contenders));
  const std::vector<std::vector<Verdict>> verdicts = judge(contests, options.level);
  for (std::size_t c = 0; c < all.size(); ++c) {
    for (std::size_t i = 0; i < all[c].places.size(); ++i) {
      Standing& own = all[c].board->standings[all[c].places[i]];
      own.verdict = verdicts[c][i];
      if (own.verdict.difference.count == 0 || beats_baseline(own.verdict.result)) continue;
      own.lost_id =
          loses_id(*all[c].board, own, *all[c].baseline, contests[c][i].key, options.margin);
    }
  }
}

/// Ranks, and the standings in their order.
void rank(Board& board, const std::string& key) {
  std::vector<std::vector<BySeed>> entries;
  for (const Standing& one : board.standings) {
    // An oracle is no competitor.
    entries.push_back(one.control == Control::oracle ? std::vector<BySeed>()
                                                     : one.ood.configurations());
    for (BySeed& stratum : entries.back()) {
      for (auto& [seed, score] : stratum) score = board.oriented(score);
    }
  }
  std::vector<RankStability> ranks = rank_stability(entries, key);
  std::vector<SeedCells> scores;
  for (const Standing& one : board.standings) {
    scores.push_back(one.control == Control::oracle ? SeedCells() : one.ood);
  }
  widen_by_rows(ranks, scores, board.accuracy);
  for (std::size_t i = 0; i < ranks.size(); ++i) board.standings[i].rank = ranks[i];
  const auto place = [](const Standing& one) {
    return one.rank.rank.count > 0 ? one.rank.rank.value : std::numeric_limits<double>::infinity();
  };
  std::stable_sort(board.standings.begin(), board.standings.end(),
                   [&](const Standing& a, const Standing& b) { return place(a) < place(b); });
}

/// The ceilings of all trials: their means, and the first problem that one has.
void set_scale(Board& board, const std::vector<ScoreScale>& scales) {
  std::vector<double> cue_only;
  std::vector<double> invariant;
  board.problem = scales.empty() ? ScaleProblem::unknown : ScaleProblem::none;
  for (const ScoreScale& scale : scales) {
    if (board.problem == ScaleProblem::none) board.problem = scale.problem();
    cue_only.push_back(scale.cue_only);
    invariant.push_back(scale.invariant);
  }
  board.cue_only = mean(cue_only);
  board.invariant = mean(invariant);
}

bool is_rate(double value) { return value >= 0.0 && value <= 1.0; }

/// Each trained model of a board, for the line of accuracies.
std::vector<LineModel> models_of(const ResultsView& view, const Board& board) {
  std::vector<LineModel> models;
  if (!board.accuracy) return models;
  const std::string id = stored_domain(MeasuredIn::in_distribution);
  const std::string test = stored_domain(MeasuredIn::test);
  const std::string& accuracy = stored_name(MetricId::accuracy);
  for (const Standing& one : board.standings) {
    for (const ResultsView::Row& row : view.rows(one.line)) {
      const auto own = number(*row.trial, id, accuracy);
      const auto ood = number(*row.trial, test, accuracy);
      if (!own || !ood || !is_rate(*own) || !is_rate(*ood)) continue;
      models.push_back({row.trial->spec.seed, *own, *ood,
                        row_noise(*row.trial, id, accuracy, *own).rows,
                        row_noise(*row.trial, test, accuracy, *ood).rows, one.line.name});
    }
  }
  return models;
}

}  // namespace

std::vector<Board> boards_of(const Study& study, const ResultsView& view,
                             const std::string& experiment, const BoardOptions& options) {
  std::map<std::string, std::vector<ResultsView::Line>> parts;
  const std::vector<std::string> names = view.environments();
  for (ResultsView::Line& line : view.lines_by_environment(options.baseline)) {
    parts[line.environment.empty() && !names.empty() ? names.front() : line.environment].push_back(
        std::move(line));
  }
  std::vector<Board> boards;
  for (const auto& [environment, lines] : parts) {
    Board board;
    board.environment = environment;
    board.accuracy = scored_by_accuracy(view, lines);
    const std::string key = board_key(experiment, board);
    std::vector<ScoreScale> scales;
    for (const ResultsView::Line& line : lines) {
      const std::string name = fmt::format("{} {}", key, line.name);
      board.standings.push_back(standing_of(study, view, line, board.accuracy, name));
      board.standings.back().normalised = scaled_scores(view, line, board.accuracy, scales);
    }
    set_scale(board, scales);
    for (Standing& one : board.standings) {
      if (!board.normalised()) one.normalised.clear();
      SeedCells cells;
      for (const ScaledScore& score : one.normalised) {
        cells.add(score.configuration, score.seed, score.value, score.noise);
      }
      one.normalised_mean = cells.estimate(fmt::format("{} {} normalised", key, one.line.name));
    }
    board.certificate = line_certificate(models_of(view, board));
    boards.push_back(std::move(board));
  }
  compare(boards, experiment, options);
  for (Board& board : boards) rank(board, board_key(experiment, board));
  return boards;
}

}  // namespace spurion::analysis::questions::leaderboard
