#pragma once

#include <vector>

#include "spurion/analysis/glossary.hpp"

namespace spurion::analysis {

/// The parts of the glossary, each in the order in which it is read.
std::vector<Term> idea_terms();
std::vector<Term> stream_terms();
std::vector<Term> column_terms();
std::vector<Term> verdict_terms();

}  // namespace spurion::analysis
