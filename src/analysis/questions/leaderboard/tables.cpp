#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/method_lines.hpp"
#include "analysis/questions/leaderboard/board.hpp"

namespace spurion::analysis::questions::leaderboard {

namespace {

/// A cell that is missing where there is no number.
Cell number_or_missing(double value, Notation notation, int digits) {
  return std::isfinite(value) ? Cell(Number{value, notation, digits}) : Cell();
}

Cell estimate_or_missing(const Estimate& estimate, int digits = 3) {
  return estimate.count > 0 && std::isfinite(estimate.value) ? Cell(Interval(estimate, digits))
                                                             : Cell();
}

/// Nothing is as often first as not where there is one seed.
Cell first_cell(const RankStability& rank) {
  return rank.rank.seeds > 1 ? Cell(Number{rank.first, Notation::fixed, 2}) : Cell();
}

const char* scale_text(ScaleProblem problem) {
  switch (problem) {
    case ScaleProblem::none:
      return "yes";
    case ScaleProblem::unknown:
      return "no: a ceiling is not known";
    case ScaleProblem::no_cost:
      return "no: the cue costs nothing";
    case ScaleProblem::too_close:
      return "no: the cue costs next to nothing";
  }
  return "";
}

constexpr const char* kScaleText =
    "normalised OOD: 0 is the score of a predictor that uses the cue only, 1 the invariant "
    "ceiling, "
    "both in the test domain.";
constexpr const char* kRankText =
    "rank: by mean score; in brackets the middle 95 % of ranks when seeds are resampled; rank 1: "
    "the "
    "share of these resamples with rank 1, alone or with others.";

Table overall_table(const Leaderboard& board) {
  Table table{
      "leaderboard_" + board.experiment,
      fmt::format(
          "Methods over {} environments of experiment '{}'. normalised OOD: mean over the "
          "environments with a scale, with {} over seeds. {} {} wins, ties and losses: "
          "environments "
          "in which the method is shown to be better than {}, no difference is shown, or it is "
          "shown to be worse.{}",
          board.boards.size(), board.experiment, kIntervalText, kScaleText, kRankText,
          board.options.baseline, board.note),
      {{"method"},
       {"rank", ColumnKind::estimate},
       {"rank 1", ColumnKind::number},
       {"normalised OOD", ColumnKind::estimate},
       {"wins", ColumnKind::count},
       {"ties", ColumnKind::count},
       {"losses", ColumnKind::count},
       {"ID lost", ColumnKind::count},
       {"not learned", ColumnKind::count},
       {"environments", ColumnKind::count},
       {"GFLOP", ColumnKind::number},
       {"trials", ColumnKind::count},
       {"diverged", ColumnKind::count},
       {"failed", ColumnKind::count},
       {"may see"}}};
  for (const Overall& one : board.overall) {
    table.add({one.name, estimate_or_missing(one.rank.rank, 1), first_cell(one.rank),
               estimate_or_missing(one.normalised), one.wins, one.ties, one.losses, one.lost_id,
               one.unlearned, one.environments, Number{one.gflop, Notation::significant, 3},
               one.fates.done, one.fates.diverged, one.fates.failed, one.access});
  }
  return table;
}

std::vector<Column> standing_columns(const Leaderboard& board) {
  std::vector<Column> columns = {{"method"}};
  if (board.several()) columns.push_back({"environment"});
  for (Column& column : std::vector<Column>{{"rank", ColumnKind::estimate},
                                            {"rank 1", ColumnKind::number},
                                            {"normalised OOD", ColumnKind::estimate},
                                            {"OOD", ColumnKind::estimate},
                                            {"ID", ColumnKind::estimate},
                                            {"OOD difference", ColumnKind::estimate},
                                            {"result"},
                                            {"p", ColumnKind::number},
                                            {"sign-flip p", ColumnKind::number},
                                            {"detectable", ColumnKind::number},
                                            {"flag"},
                                            {"learned"},
                                            {"GFLOP", ColumnKind::number},
                                            {"seeds", ColumnKind::count},
                                            {"trials", ColumnKind::count},
                                            {"diverged", ColumnKind::count},
                                            {"failed", ColumnKind::count},
                                            {"may see"}}) {
    columns.push_back(std::move(column));
  }
  return columns;
}

std::vector<Cell> standing_row(const Board& board, const Standing& one, bool several) {
  std::vector<Cell> row = {one.line.name};
  if (several) row.emplace_back(board.environment);
  const bool compared = one.ood_difference.count > 0;
  const double detectable = compared ? one.test.detectable() : 0.0;
  for (Cell& cell : std::vector<Cell>{
           estimate_or_missing(one.rank.rank, 1), first_cell(one.rank),
           estimate_or_missing(one.normalised_mean), estimate_or_missing(one.ood_mean),
           estimate_or_missing(one.id_mean), estimate_or_missing(one.ood_difference),
           one.result == Result::none ? Cell() : Cell(std::string(result_name(one.result))),
           compared ? Cell(Number{one.test.student, Notation::probability, 3}) : Cell(),
           compared ? Cell(Number{one.test.flips, Notation::probability, 3}) : Cell(),
           detectable > 0.0 ? Cell(Number{detectable, Notation::fixed, 3}) : Cell(),
           one.lost_id ? Cell(std::string("gap closed by losing ID")) : Cell(),
           std::string(learned_text(one.learned)), Number{one.gflop, Notation::significant, 3},
           one.ood_mean.seeds, one.fates.done, one.fates.diverged, one.fates.failed, one.access}) {
    row.push_back(std::move(cell));
  }
  return row;
}

Table standings_table(const Leaderboard& board) {
  Table table{
      board.several() ? "leaderboard_environments_" + board.experiment
                      : "leaderboard_" + board.experiment,
      fmt::format(
          "Methods of experiment '{0}'{1}: means with {2} over seeds. OOD and ID: accuracy, or "
          "mean "
          "squared error for regression. {3} {4} OOD difference: from {5}, paired by configuration "
          "and seed, with "
          "the interval of this difference alone. result: won or lost if both p values, which are "
          "adjusted for all methods of an environment by Holm's method, are at most {6} (or only "
          "the t test, where so few seeds cannot give the sign-flip test such a p value). {7}, in "
          "distribution. The glossary (or 'spurion describe TERM') defines each column.{8}",
          board.experiment, board.several() ? ", for each environment" : "", kIntervalText,
          kScaleText, kRankText, board.options.baseline, kTestLevel, kLearnedText, board.note),
      standing_columns(board)};
  for (const Board& one : board.boards) {
    for (const Standing& standing : one.standings) {
      table.add(standing_row(one, standing, board.several()));
    }
  }
  return table;
}

/// The mean Kendall's tau of an environment with the others; NaN where there is none.
double mean_agreement(const Leaderboard& board, const std::string& environment) {
  std::vector<double> taus;
  for (const Agreement& one : board.agreements) {
    const bool own = one.first == environment || one.second == environment;
    if (own && std::isfinite(one.tau)) taus.push_back(one.tau);
  }
  return mean(taus);
}

Table environments_table(const Leaderboard& board) {
  Table table{"leaderboard_scales_" + board.experiment,
              "The environments. cue only and invariant: ceilings in the test domain, mean over "
              "trials. normalised: whether scores are put between these; not if the cue costs less "
              "than 0.02 in "
              "accuracy, or 2 % of the error. slope and R: of the line of probit(OOD accuracy) "
              "against probit(ID accuracy) over all trained models, with a jackknife interval over "
              "seeds. An environment on the line (R above 0.71, rising) cannot rank methods by "
              "robustness: there a method that is better out of distribution is just better.",
              {{"environment"},
               {"methods", ColumnKind::count},
               {"cue only", ColumnKind::number},
               {"invariant", ColumnKind::number},
               {"normalised"}}};
  if (board.several()) table.columns.push_back({"tau", ColumnKind::number});
  for (const Column& column : std::vector<Column>{{"trials", ColumnKind::count},
                                                  {"slope", ColumnKind::estimate},
                                                  {"R", ColumnKind::estimate},
                                                  {"certificate"}}) {
    table.columns.push_back(column);
  }
  for (const Board& one : board.boards) {
    std::vector<Cell> row = {one.environment, static_cast<std::int64_t>(one.standings.size()),
                             number_or_missing(one.cue_only, Notation::fixed, 3),
                             number_or_missing(one.invariant, Notation::fixed, 3),
                             std::string(scale_text(one.problem))};
    if (board.several()) {
      row.push_back(number_or_missing(mean_agreement(board, one.environment), Notation::fixed, 2));
    }
    const AccuracyLine& line = one.certificate.pooled;
    row.emplace_back(line.models);
    row.push_back(estimate_or_missing(line.slope, 2));
    row.push_back(estimate_or_missing(line.correlation, 2));
    row.push_back(line.models > 0 ? Cell(std::string(line_verdict_name(line.verdict))) : Cell());
    table.add(std::move(row));
  }
  return table;
}

/// The lines of each method, where there are any.
Table lines_table(const Leaderboard& board) {
  Table table{"leaderboard_lines_" + board.experiment,
              "The line of probit(OOD accuracy) against probit(ID accuracy) over the models of one "
              "method, with a jackknife interval over seeds.",
              {{"method"},
               {"environment"},
               {"trials", ColumnKind::count},
               {"slope", ColumnKind::estimate},
               {"R", ColumnKind::estimate},
               {"certificate"}}};
  for (const Board& one : board.boards) {
    for (const auto& [method, line] : one.certificate.groups) {
      table.add({method, one.environment, line.models, estimate_or_missing(line.slope, 2),
                 estimate_or_missing(line.correlation, 2),
                 std::string(line_verdict_name(line.verdict))});
    }
  }
  return table;
}

Table agreement_table(const Leaderboard& board) {
  Table table{
      "leaderboard_agreement_" + board.experiment,
      "Whether two environments order the methods alike: Kendall's tau-b of the mean scores "
      "out of distribution, over the methods that have scores in both.",
      {{"environment"},
       {"other environment"},
       {"tau", ColumnKind::number},
       {"methods", ColumnKind::count}}};
  for (const Agreement& one : board.agreements) {
    table.add({one.first, one.second, number_or_missing(one.tau, Notation::fixed, 2), one.methods});
  }
  return table;
}

}  // namespace

std::vector<Table> tables_of(const Leaderboard& leaderboard) {
  std::vector<Table> tables;
  if (leaderboard.several()) tables.push_back(overall_table(leaderboard));
  tables.push_back(standings_table(leaderboard));
  tables.push_back(environments_table(leaderboard));
  if (leaderboard.several()) tables.push_back(agreement_table(leaderboard));
  Table lines = lines_table(leaderboard);
  if (!lines.rows.empty()) tables.push_back(std::move(lines));
  return tables;
}

}  // namespace spurion::analysis::questions::leaderboard
