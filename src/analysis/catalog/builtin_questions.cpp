#include "builtin_analysis_questions.hpp"
#include "spurion/question_kinds.hpp"

namespace spurion {

QuestionKinds builtin_questions() {
  QuestionKinds kinds;
  kinds.set_origin(EntryInfo::kBuiltin);
  analysis::questions::add_builtins(kinds);
  kinds.set_origin(EntryInfo::kProgram);
  return kinds;
}

}  // namespace spurion
