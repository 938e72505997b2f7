#include "builtin_analysis_questions.hpp"
#include "builtin_analysis_selectors.hpp"
#include "spurion/question_kinds.hpp"

namespace spurion {

Selectors builtin_selectors() {
  Selectors selectors;
  selectors.set_origin(EntryInfo::kBuiltin);
  analysis::selectors::add_builtins(selectors);
  selectors.set_origin(EntryInfo::kProgram);
  return selectors;
}

QuestionKinds builtin_questions() {
  QuestionKinds kinds;
  kinds.set_origin(EntryInfo::kBuiltin);
  analysis::questions::add_builtins(kinds);
  kinds.set_origin(EntryInfo::kProgram);
  kinds.selectors = builtin_selectors();
  return kinds;
}

}  // namespace spurion
