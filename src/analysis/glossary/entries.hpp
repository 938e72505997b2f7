#pragma once

#include <vector>

#include "spurion/analysis/glossary.hpp"

namespace spurion::analysis {

/// The parts of the glossary, each in the order in which it is read.
std::vector<Term> idea_terms();
std::vector<Term> stream_terms();
std::vector<Term> column_terms();
std::vector<Term> verdict_terms();

/// What leaderboards and comparisons of two add to the columns and to the verdicts.
std::vector<Term> leaderboard_columns();
std::vector<Term> leaderboard_verdicts();

/// What adaptation at test time adds to the columns and to the verdicts.
std::vector<Term> adaptation_columns();
std::vector<Term> adaptation_verdicts();

/// What scaling laws add to the ideas, to the columns and to the verdicts.
std::vector<Term> scaling_ideas();
std::vector<Term> scaling_columns();
std::vector<Term> scaling_verdicts();

/// What policies that act add to the ideas, to the columns and to the verdicts.
std::vector<Term> acting_ideas();
std::vector<Term> acting_columns();
std::vector<Term> acting_verdicts();

/// What probes add to the columns and to the verdicts; their ideas are also those of pressure.
std::vector<Term> authenticity_ideas();
std::vector<Term> authenticity_columns();
std::vector<Term> authenticity_verdicts();

/// What pressure by probes adds to the columns and to the verdicts.
std::vector<Term> goodhart_columns();
std::vector<Term> goodhart_verdicts();

/// What planning the number of seeds adds to the ideas and to the columns.
std::vector<Term> planning_ideas();
std::vector<Term> planning_columns();

}  // namespace spurion::analysis
