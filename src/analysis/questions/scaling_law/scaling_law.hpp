#pragma once

#include "analysis/questions/scaling_law/law_options.hpp"
#include "spurion/question_kinds.hpp"

namespace spurion::analysis::questions::scaling_law {

/// Adds the kind to a registry.
void add_scaling_law(QuestionKinds& kinds);

/// The options of a question of this kind; null of another.
const LawOptions* options_of(const Question* question);

}  // namespace spurion::analysis::questions::scaling_law
