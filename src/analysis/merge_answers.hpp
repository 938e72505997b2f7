#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/answer.hpp"

namespace spurion::analysis {

/// An answer about the trials with one value of a field.
struct PartAnswer {
  std::string value;
  Answer answer;
};

/// One answer of those for each value of the field `by`. Sentences and charts follow each other,
/// each saying its value; tables of the same columns and caption become one with a column of
/// values.
Answer merged(const std::string& by, std::vector<PartAnswer> parts);

}  // namespace spurion::analysis
