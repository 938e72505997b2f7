#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/method_lines.hpp"
#include "analysis/questions/leaderboard/board.hpp"
#include "analysis/table_cells.hpp"

namespace spurion::analysis::questions::leaderboard {

namespace {

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
    "rank: by mean score; in brackets the middle 95 % of ranks when seeds are resampled, and what "
    "the evaluated rows leave unsure; rank 1: "
    "the "
    "share of these resamples with rank 1, alone or with others.";

/// What the difference from the baseline and its tests say, in both tables.
std::vector<Cell> verdict_cells(const Leaderboard& board, const Verdict& one) {
  const bool compared = one.difference.count > 0;
  const double detectable = compared ? one.test.detectable() : 0.0;
  std::vector<Cell> cells = {
      estimate_or_missing(one.difference),
      one.result == Result::none ? Cell() : Cell(std::string(result_name(one.result))),
      compared ? Cell(Number{one.test.student, Notation::probability, 3}) : Cell(),
      compared ? Cell(Number{one.test.flips, Notation::probability, 3}) : Cell(),
      detectable > 0.0 ? Cell(Number{detectable, Notation::fixed, 3}) : Cell()};
  if (board.has(Control::placebo)) {
    const bool against = one.placebo_difference.count > 0;
    cells.push_back(estimate_or_missing(one.placebo_difference));
    cells.push_back(against ? Cell(Number{one.placebo_test.student, Notation::probability, 3})
                            : Cell());
  }
  if (board.has(Control::oracle)) {
    cells.push_back(one.oracle_share ? estimate_or_missing(*one.oracle_share, 2) : Cell());
  }
  return cells;
}

std::vector<Column> verdict_columns(const Leaderboard& board, const std::string& difference) {
  std::vector<Column> columns = {{difference, ColumnKind::estimate},
                                 {"result"},
                                 {"p", ColumnKind::number},
                                 {"sign-flip p", ColumnKind::number},
                                 {"detectable", ColumnKind::number}};
  if (board.has(Control::placebo)) {
    columns.push_back({"control difference", ColumnKind::estimate});
    columns.push_back({"control p", ColumnKind::number});
  }
  if (board.has(Control::oracle)) columns.push_back({"share of oracle", ColumnKind::estimate});
  return columns;
}

/// What the columns of controls hold; empty where there are none.
std::string controls_text(const Leaderboard& board) {
  std::string text;
  if (board.has(Control::placebo)) {
    text += fmt::format(
        " control difference, control p: from the control {}; a method has won only if it is shown "
        "to be better than this too.",
        board.names_of(Control::placebo));
  }
  if (board.has(Control::oracle)) {
    text += fmt::format(
        " share of oracle: of the way from {} to {}, with a jackknife interval over seeds; only "
        "where the latter is shown to be better. It has no rank.",
        board.options.baseline, board.names_of(Control::oracle));
  }
  return text;
}

void append(std::vector<Column>& columns, std::vector<Column> more) {
  for (Column& column : more) columns.push_back(std::move(column));
}

void append(std::vector<Cell>& row, std::vector<Cell> more) {
  for (Cell& cell : more) row.push_back(std::move(cell));
}

Table overall_table(const Leaderboard& board) {
  Table table{
      "leaderboard_" + board.experiment,
      fmt::format(
          "Methods over {} environments of experiment '{}'. normalised OOD: mean over the "
          "environments with a scale, with {} over seeds. {} normalised IQM: interquartile mean of "
          "all runs (a seed in an environment with a scale); probability of improvement: that a "
          "run "
          "of the method is better than one of {}, averaged over these environments; both with a "
          "stratified bootstrap interval, which is too narrow with few seeds (Agarwal et al. "
          "2021). "
          "{} normalised difference: from {}, "
          "paired by environment and seed; its result and p values are about these environments "
          "together, adjusted for all methods by Holm's method (level {:.2g}). wins, ties and "
          "losses: "
          "environments in which the method is shown to be better than {}, no difference is "
          "shown, or it is shown to be worse.{}{}",
          board.boards.size(), board.experiment, kIntervalText, kScaleText, board.options.baseline,
          kRankText, board.options.baseline, board.options.level, board.options.baseline,
          controls_text(board), board.note),
      {{"method"},
       {"rank", ColumnKind::estimate},
       {"rank 1", ColumnKind::number},
       {"normalised OOD", ColumnKind::estimate},
       {"normalised IQM", ColumnKind::estimate},
       {"probability of improvement", ColumnKind::estimate}}};
  const bool placebo = board.has(Control::placebo);
  append(table.columns, verdict_columns(board, "normalised difference"));
  table.columns.push_back({"wins", ColumnKind::count});
  if (placebo) table.columns.push_back({"control not beaten", ColumnKind::count});
  append(table.columns, {{"ties", ColumnKind::count},
                         {"losses", ColumnKind::count},
                         {"ID lost", ColumnKind::count},
                         {"not learned", ColumnKind::count},
                         {"environments", ColumnKind::count},
                         {"GFLOP", ColumnKind::number}});
  if (board.searched()) table.columns.push_back({"samples", ColumnKind::count});
  append(table.columns, {{"trials", ColumnKind::count},
                         {"diverged", ColumnKind::count},
                         {"failed", ColumnKind::count},
                         {"may see"}});
  for (const Overall& one : board.overall) {
    std::vector<Cell> row = {one.line.name,
                             estimate_or_missing(one.rank.rank, 1),
                             first_cell(one.rank),
                             estimate_or_missing(one.normalised),
                             estimate_or_missing(one.iqm),
                             estimate_or_missing(one.improvement, 2)};
    append(row, verdict_cells(board, one.verdict));
    row.emplace_back(one.wins);
    if (placebo) row.emplace_back(one.wins_as_placebo);
    append(row, {one.ties, one.losses, one.lost_id, one.unlearned, one.environments,
                 Number{one.gflop, Notation::significant, 3}});
    if (board.searched()) row.emplace_back(one.samples);
    append(row, {one.fates.done, one.fates.diverged, one.fates.failed, one.access});
    table.add(std::move(row));
  }
  return table;
}

std::vector<Column> standing_columns(const Leaderboard& board) {
  std::vector<Column> columns = {{"method"}};
  if (board.several()) columns.push_back({"environment"});
  append(columns, {{"rank", ColumnKind::estimate},
                   {"rank 1", ColumnKind::number},
                   {"normalised OOD", ColumnKind::estimate},
                   {"OOD", ColumnKind::estimate},
                   {"ID", ColumnKind::estimate}});
  append(columns, verdict_columns(board, "OOD difference"));
  append(columns,
         {{"flag"}, {"learned"}, {"GFLOP", ColumnKind::number}, {"seeds", ColumnKind::count}});
  if (board.searched()) columns.push_back({"samples", ColumnKind::count});
  append(columns, {{"trials", ColumnKind::count},
                   {"diverged", ColumnKind::count},
                   {"failed", ColumnKind::count},
                   {"may see"}});
  return columns;
}

std::vector<Cell> standing_row(const Leaderboard& all, const Board& board, const Standing& one) {
  std::vector<Cell> row = {one.line.name};
  if (all.several()) row.emplace_back(board.environment);
  append(row, {estimate_or_missing(one.rank.rank, 1), first_cell(one.rank),
               estimate_or_missing(one.normalised_mean), estimate_or_missing(one.ood_mean),
               estimate_or_missing(one.id_mean)});
  append(row, verdict_cells(all, one.verdict));
  append(row, {one.lost_id ? Cell(std::string("gap closed by losing ID")) : Cell(),
               std::string(learned_text(one.learned)), Number{one.gflop, Notation::significant, 3},
               one.ood_mean.seeds});
  if (all.searched()) row.emplace_back(one.samples);
  append(row, {one.fates.done, one.fates.diverged, one.fates.failed, one.access});
  return row;
}

Table standings_table(const Leaderboard& board) {
  Table table{
      board.several() ? "leaderboard_environments_" + board.experiment
                      : "leaderboard_" + board.experiment,
      fmt::format(
          "Methods of experiment '{0}'{1}: means with {2} over seeds. OOD and ID: accuracy, or "
          "mean squared error for regression. {3} {4} OOD difference: from {5}, paired by "
          "configuration and seed, with the interval of this difference alone. result: won or lost "
          "if both p values are at most {6:.2g} (or only that of the t test, where so few seeds "
          "cannot "
          "give the sign-flip test such a p value). The p values are adjusted by Holm's method for "
          "the family of all {7} comparisons with {5}: of every method in every environment.{8} "
          "{9}, in "
          "distribution. The glossary (or 'spurion describe TERM') defines each column.{10}",
          board.experiment, board.several() ? ", for each environment" : "", kIntervalText,
          kScaleText, kRankText, board.options.baseline, board.options.level, board.comparisons(),
          controls_text(board), kLearnedText, board.note),
      standing_columns(board)};
  for (const Board& one : board.boards) {
    for (const Standing& standing : one.standings) table.add(standing_row(board, one, standing));
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
