#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analysis/accuracy_line.hpp"
#include "analysis/normalised_score.hpp"
#include "analysis/questions/leaderboard/judge.hpp"
#include "analysis/rank_statistics.hpp"
#include "analysis/run_statistics.hpp"
#include "spurion/analysis/chart.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/analysis/table.hpp"

/// \file
/// What a leaderboard is about: how methods do in each environment, and over all of them.

namespace spurion::analysis::questions::leaderboard {

struct BoardOptions {
  std::string baseline = "erm";
  double margin = 0.01;
  double level = kTestLevel;  ///< of each family of tests; no key of the question
};

/// The score of a trial on the scale of its environment.
struct ScaledScore {
  std::string configuration;
  std::int64_t seed = 0;
  double value = 0.0;
  RowNoise noise;
};

/// A method (under a regime) in an environment.
struct Standing {
  ResultsView::Line line;
  SeedCells id;
  SeedCells ood;
  SeedCells gap;
  std::vector<ScaledScore> normalised;  ///< none where the environment has no scale
  Estimate id_mean;
  Estimate ood_mean;
  Estimate normalised_mean;
  Learned learned = Learned::unknown;
  RankStability rank;
  Control control = Control::none;
  std::int64_t samples =
      1;            ///< different hyper-parameters that its trials were chosen from, or have
  Verdict verdict;  ///< of its scores out of distribution
  /// Its gap is shown to be smaller than the baseline's and its score in distribution worse, while
  /// no gain out of distribution is shown.
  bool lost_id = false;
  double gflop = 0.0;  ///< mean over trials
  TrialFates fates;
  Cell access;
};

/// An environment with its methods, the first rank first.
struct Board {
  std::string environment;
  bool accuracy = true;  ///< scored by accuracy, else by the loss
  ScaleProblem problem = ScaleProblem::unknown;
  double cue_only = 0.0;   ///< ceilings of the test domain, mean over trials
  double invariant = 0.0;  ///< the same
  std::vector<Standing> standings;
  LineCertificate certificate;  ///< of the trained models; without any for regression

  /// An OOD score such that higher is better.
  [[nodiscard]] double oriented(double score) const { return accuracy ? score : -score; }
  [[nodiscard]] bool normalised() const { return problem == ScaleProblem::none; }
};

/// One board an environment, by name.
std::vector<Board> boards_of(const Study& study, const ResultsView& view,
                             const std::string& experiment, const BoardOptions& options);

/// A method over all environments.
struct Overall {
  ResultsView::Line line;  ///< of no environment
  Control control = Control::none;
  std::int64_t samples = 1;  ///< most of an environment
  /// Mean over the environments that have a scale, of equal weight. Of no values unless the method
  /// has scores in all of them.
  Estimate normalised;
  Runs runs;             ///< the scores that it is the mean of; empty unless in all of them
  Estimate iqm;          ///< of the runs
  Estimate improvement;  ///< probability of one over the baseline; of no values for the baseline
  RankStability rank;    ///< by that mean
  Verdict verdict;       ///< of that mean, which says nothing of other environments
  std::int64_t wins = 0;
  std::int64_t wins_as_placebo = 0;  ///< environments in which the placebo is not beaten
  std::int64_t ties = 0;
  std::int64_t losses = 0;
  std::int64_t unlearned = 0;  ///< environments in which it did not learn
  std::int64_t lost_id = 0;
  std::int64_t environments = 0;  ///< in which it has scores
  double gflop = 0.0;
  TrialFates fates;
  Cell access;
};

/// The first rank first.
std::vector<Overall> overall_of(const std::vector<Board>& boards, const std::string& experiment,
                                const BoardOptions& options);

/// Whether two environments order methods alike.
struct Agreement {
  std::string first;
  std::string second;
  double tau = 0.0;          ///< Kendall's tau-b of mean OOD scores; NaN where there is no order
  std::int64_t methods = 0;  ///< that have scores in both
};
/// One for each pair of environments.
std::vector<Agreement> agreements_of(const std::vector<Board>& boards);

/// Share of runs above each threshold, of the methods of the first ranks and the baseline. Without
/// categories or series where no environment has a scale.
Chart profile_chart(const std::vector<Overall>& overall, const std::string& experiment,
                    const BoardOptions& options);

/// The tables, charts and sentence of a leaderboard.
struct Leaderboard {
  std::string experiment;
  BoardOptions options;
  std::vector<Board> boards;
  std::vector<Overall> overall;
  std::vector<Agreement> agreements;
  std::string note;  ///< for captions: what is averaged over and left out
  /// The methods that comparisons need as controls, by name, with `control_name` of what for.
  std::map<std::string, std::string> controls;

  [[nodiscard]] bool several() const { return boards.size() > 1; }
  /// Whether a method of it is a control of this kind.
  [[nodiscard]] bool has(Control control) const;
  /// The names of the controls of this kind that it has, or that there are.
  [[nodiscard]] std::string names_of(Control control) const;
  /// How many comparisons of a method in an environment with the baseline there are.
  [[nodiscard]] std::int64_t comparisons() const;
  /// Whether some method was chosen from several samples of hyper-parameters, or has several.
  [[nodiscard]] bool searched() const;
};
std::vector<Table> tables_of(const Leaderboard& leaderboard);
std::vector<Chart> charts_of(const Leaderboard& leaderboard);
std::string sentence_of(const Leaderboard& leaderboard);
/// The part of it on the baseline, the controls and the budgets.
std::string results_text(const Leaderboard& board);
/// "a, b and 3 others".
std::string list_of(const std::vector<std::string>& names);

}  // namespace spurion::analysis::questions::leaderboard
