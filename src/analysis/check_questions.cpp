#include <fmt/format.h>

#include "analysis/asked_question.hpp"
#include "analysis/question_names.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

void check_questions(const Suite& suite, const std::vector<TrialSpec>& trials,
                     const QuestionKinds& kinds) {
  std::vector<const TrialSpec*> pointers;
  pointers.reserve(trials.size());
  for (const TrialSpec& trial : trials) pointers.push_back(&trial);
  const QuestionNames names(suite, pointers, true);
  Problems problems;
  for (const AskedQuestion& asked : suite.questions) {
    const ReadQuestion read = read_question(asked, kinds, problems);
    if (kinds.contains(asked.kind)) names.check(asked, read.experiments, kinds, problems);
    if (suite.stopping.when_decided && read.kind != nullptr && !read.kind->decides()) {
      problems.add(
          fmt::format("{} cannot decide when a run stops: its verdicts hold for one look at the "
                      "results only. Take it out of this suite, or [stopping]",
                      called(asked)));
    }
  }
  problems.raise();
}

}  // namespace spurion::analysis
