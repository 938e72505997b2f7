#include "spurion/analysis/answer.hpp"
#include "core/place_of.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "analysis/questions.hpp"
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

std::vector<Answer> answer_all(const StoredResults& results) {
  const std::map<std::string, std::function<Answer(const StoredResults&, const Question&)>> kinds =
      {{"gap_against_scale", gap_against_scale},
       {"compare_methods", compare_methods},
       {"compare_regimes", compare_regimes},
       {"streams", streams},
       {"published", published},
       {"trend", trend}};
  const auto text = results.context.find("suite");
  if (text == results.context.end()) throw StoreError("the store does not hold its suite");
  const Suite suite = Suite::parse(text->second, "suite");
  const auto questions = suite.questions.empty() ? default_questions(suite) : suite.questions;
  std::vector<Answer> answers;
  for (const Question& question : questions) {
    const auto kind = kinds.find(question.kind);
    if (kind == kinds.end()) {
      std::vector<std::string> names;
      for (const auto& [name, function] : kinds) names.push_back(name);
      throw UsageError(place_of(*question.options.find("kind")) +
                       unknown_name_message("kind of question", question.kind, names));
    }
    Answer answer = kind->second(results, question);
    answer.question = question.text;
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<Chart> dial_charts(const StoredResults& results) {
  const auto text = results.context.find("suite");
  if (text == results.context.end()) return {};
  std::vector<Chart> charts;
  for (const Experiment& experiment : Suite::parse(text->second, "suite").experiments) {
    for (Chart& chart : dial_charts(results, experiment.name)) charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace spurion::analysis
