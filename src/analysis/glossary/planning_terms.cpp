#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

std::vector<Term> planning_ideas() {
  constexpr TermKind kIdea = TermKind::idea;
  return {
      {"pilot",
       kIdea,
       "Trials of a suite with few seeds, which tell how much seeds vary, so that the number of "
       "seeds of the whole run can be planned.",
       {"seed", "seeds needed"}},
      {"look",
       kIdea,
       "An answer to the questions of a suite while it is run, at a number of seeds that the suite "
       "names. Looks share the level of 0.05, so that all of them together show a difference where "
       "there is none in at most 5 % of runs.",
       {"question", "seed"}}};
}

/// Long because it is a table: one entry for each term.
std::vector<Term> planning_columns() {
  constexpr TermKind kColumn = TermKind::column;
  return {
      {"comparison", kColumn, "The difference that the row is about.", {"paired"}},
      {"comparisons",
       kColumn,
       "The number of differences that a question judges together: Holm's method adjusts for "
       "it.",
       {"p"},
       "",
       "whole, >= 1"},
      {"pilot difference",
       kColumn,
       "The difference in the pilot trials. It does not say how large the true difference is.",
       {"pilot", "paired"},
       "as the number",
       ""},
      {"pilot seeds",
       kColumn,
       "The number of seeds of the pilot trials that have the difference.",
       {"pilot"},
       "seeds",
       "whole, >= 1"},
      {"spread",
       kColumn,
       "The standard deviation of the difference between seeds, with as many evaluated rows as "
       "the suite plans. It is never below the noise of these rows.",
       {"pilot", "seed"},
       "as the number",
       "[0, inf)"},
      {"share of rows",
       kColumn,
       "The share of the variance between seeds that is at least due to the evaluated rows. More "
       "rows remove it.",
       {"spread"},
       "share",
       "[0, 1]"},
      {"seeds needed",
       kColumn,
       "The number of seeds from which on the paired tests show a given difference with a given "
       "probability. Its interval says how far the seeds of the pilot leave the spread open.",
       {"pilot", "spread", "power", "detectable"},
       "seeds",
       ">= 2"},
      {"seeds at least",
       kColumn,
       "The number of seeds that the noise of the evaluated rows alone asks for. Seeds vary too, "
       "so more are needed.",
       {"seeds needed"},
       "seeds",
       ">= 2"},
      {"seeds planned",
       kColumn,
       "The number of seeds of the experiment in the suite.",
       {"seed"},
       "seeds",
       "whole, >= 1"},
      {"power",
       kColumn,
       "The probability with which the seeds that the suite plans show the given difference.",
       {"seeds planned", "seeds needed"},
       "probability",
       "[0, 1]"}};
}

}  // namespace spurion::analysis
