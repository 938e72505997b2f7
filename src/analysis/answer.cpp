#include "spurion/analysis/answer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/questions.hpp"
#include "core/place_of.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

std::vector<Question> default_questions(const Suite& suite) {
  std::vector<Question> questions;
  for (const Experiment& experiment : suite.experiments) {
    questions.push_back({fmt::format("How do the methods of '{}' compare?", experiment.name),
                         "compare_methods", experiment.name, Value()});
  }
  return questions;
}

}  // namespace

std::string text_option(const Question& question, const char* key, const std::string& fallback) {
  const Value* value = question.options.find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) {
    throw UsageError(fmt::format("{}'{}' of a question expects a string, got {}", place_of(*value),
                                 key, value->type_name()));
  }
  return value->as_string();
}

std::vector<std::string> texts_option(const Question& question, const char* key) {
  const Value* value = question.options.find(key);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  const auto wrong = [&](const Value& given) {
    throw UsageError(fmt::format("{}'{}' of a question expects a list of strings, got {}",
                                 place_of(given), key, given.type_name()));
  };
  if (!value->is_list()) wrong(*value);
  for (const Value& item : value->as_list()) {
    if (!item.is_string()) wrong(item);
    texts.push_back(item.as_string());
  }
  return texts;
}

double number_option(const Question& question, const char* key, double fallback) {
  const Value* value = question.options.find(key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) {
    throw UsageError(fmt::format("{}'{}' of a question expects a number, got {}", place_of(*value),
                                 key, value->type_name()));
  }
  return value->as_number();
}

const std::vector<QuestionKind>& question_kinds() {
  static const std::vector<QuestionKind> kinds = {
      {"gap_against_scale", gap_against_scale, {"axis", "margin"}},
      {"compare_methods", compare_methods, {"baseline"}},
      {"compare_regimes", compare_regimes, {}},
      {"streams", streams, {"experiments", "phase", "margin", "axis", "also"}},
      {"published", published, {"rows", "select_on"}},
      {"trend",
       trend,
       {"axis", "claim", "metric", "domain", "margin", "from", "to", "method", "where"}}};
  return kinds;
}

const QuestionKind* question_kind(const std::string& name) {
  const auto& kinds = question_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [&](const QuestionKind& one) { return one.name == name; });
  return kind == kinds.end() ? nullptr : &*kind;
}

std::set<std::string> experiments_of(const Question& question) {
  std::set<std::string> names = {question.experiment};
  for (const std::string& name : texts_option(question, "experiments")) names.insert(name);
  return names;
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
  for (const Question& question : questions) {
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
