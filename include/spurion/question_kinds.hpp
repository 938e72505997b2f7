#pragma once

#include "spurion/export.hpp"
#include "spurion/registry.hpp"
#include "spurion/selector.hpp"

namespace spurion {

class Question;

/// The kinds of questions that a suite can ask, by name. Needs no LibTorch: whoever only reads
/// results has this instead of a `Catalog`, which holds one as `questions`.
struct QuestionKinds : Registry<Question> {
  QuestionKinds() : Registry<Question>("question kind") {}
  Selectors selectors;  ///< what the key `selector` of a question can name
};

/// The kinds that come with spurion, with the selectors that come with it.
SPURION_API QuestionKinds builtin_questions();

}  // namespace spurion
