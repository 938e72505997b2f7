#pragma once

#include "spurion/export.hpp"
#include "spurion/registry.hpp"

namespace spurion {

class Question;

/// The kinds of questions that a suite can ask, by name. Needs no LibTorch: whoever only reads
/// results has this instead of a `Catalog`, which holds one as `questions`.
struct QuestionKinds : Registry<Question> {
  QuestionKinds() : Registry<Question>("question kind") {}
};

/// The kinds that come with spurion.
SPURION_API QuestionKinds builtin_questions();

}  // namespace spurion
