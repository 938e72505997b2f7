#include "spurion/analysis/answer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/questions.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

std::vector<AskedQuestion> default_questions(const Suite& suite) {
  std::vector<AskedQuestion> questions;
  for (const Experiment& experiment : suite.experiments) {
    questions.push_back({fmt::format("How do the methods of '{}' compare?", experiment.name),
                         "compare_methods", experiment.name, Value()});
  }
  return questions;
}

}  // namespace

const std::vector<QuestionKind>& question_kinds() {
  static const std::vector<QuestionKind> kinds = {
      {"gap_against_scale", gap_against_scale, {"axis", "margin"}, check_gap_against_scale},
      {"compare_methods", compare_methods, {"baseline"}, check_compare_methods},
      {"compare_regimes", compare_regimes, {}, check_compare_regimes},
      {"streams", streams, {"experiments", "phase", "margin", "axis", "tied_axes"}, check_streams},
      {"published", published, {"rows", "selection_domain"}, check_published},
      {"trend",
       trend,
       {"axis", "claim", "metric", "domain", "margin", "from", "to", "method", "where"},
       check_trend}};
  return kinds;
}

const QuestionKind* question_kind(const std::string& name) {
  const auto& kinds = question_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [&](const QuestionKind& one) { return one.name == name; });
  return kind == kinds.end() ? nullptr : &*kind;
}

std::vector<Answer> answer_all(const StoredResults& results) {
  const Study study(results);
  const Suite& suite = study.suite();
  std::vector<const TrialSpec*> trials;
  trials.reserve(results.trials.size());
  for (const TrialResult& trial : results.trials) trials.push_back(&trial.spec);
  check_questions(suite, trials);
  const auto questions = suite.questions.empty() ? default_questions(suite) : suite.questions;
  std::vector<Answer> answers;
  for (const AskedQuestion& question : questions) {
    Answer answer = question_kind(question.kind)->answer(study, question);
    answer.question = question.text;
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<Chart> dial_charts(const StoredResults& results) {
  if (results.context.count("suite") == 0) return {};
  const Study study(results);
  std::vector<Chart> charts;
  for (const Experiment& experiment : study.suite().experiments) {
    for (Chart& chart : dial_charts(study, experiment.name)) charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace spurion::analysis
