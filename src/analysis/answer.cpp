#include "spurion/analysis/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "analysis/answered_questions.hpp"
#include "analysis/asked_question.hpp"
#include "analysis/merge_answers.hpp"
#include "analysis/question_names.hpp"
#include "analysis/question_trials.hpp"
#include "analysis/shift_curve.hpp"
#include "core/counted.hpp"
#include "harness/store/stated_questions.hpp"
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

/// The plug-ins that the trials of a store were made with; empty where there were none.
std::string plugins_of(const StoredResults& results) {
  const auto found = results.context.find("plugins");
  return found == results.context.end() ? std::string() : found->second;
}

/// Said where a question is of a kind that is not there, but came with a plug-in.
Answer unknown_kind(const AskedQuestion& asked, const StoredResults& results) {
  Answer answer;
  answer.sentence = fmt::format(
      "Not answered: no question kind '{}' is known. The results were made with these plug-ins: "
      "{}. Give the file of the one that has this kind with --plugin.",
      asked.kind, plugins_of(results));
  return answer;
}

/// Letters that tell the files of a question about some trials from others.
std::string name_suffix(const CommonQuestionOptions& common) {
  std::string suffix;
  if (common.selector != "none") suffix += "_selected_by_" + common.selector;
  if (common.early_stopping) suffix += "_early_stopping";
  if (!common.tune_per_scale) suffix += "_one_for_all_scales";
  for (const auto& [name, value] : common.where.fields.as_table()) {
    suffix += fmt::format("_{}_{}", name, value_text(value));
  }
  return suffix;
}

/// How hyper-parameters were chosen, beside every number of an answer.
void name_selection(const AppliedSelection& selection, Answer& answer) {
  if (!selection.active()) return;
  for (Table& table : answer.tables) {
    const auto named = [](const Column& column) { return column.title == "selected by"; };
    if (std::any_of(table.columns.begin(), table.columns.end(), named)) continue;
    // After the column that names the rows.
    const std::ptrdiff_t place = table.columns.empty() ? 0 : 1;
    table.columns.insert(table.columns.begin() + place, Column{"selected by"});
    for (auto& row : table.rows) row.insert(row.begin() + place, Cell(selection.text()));
  }
  for (Chart& chart : answer.charts) chart.title += ", selected by " + selection.text();
}

Answer answer_parts(const Study& study, const ReadQuestion& read) {
  const CommonQuestionOptions& common = read.common;
  const QuestionTrials trials = trials_of(study, read);
  std::vector<PartAnswer> parts;
  for (const StudyPart& part : trials.parts) {
    parts.push_back({part.value, read.kind->answer(part.study, common.experiment)});
    name_selection(trials.selection, parts.back().answer);
  }
  Answer answer;
  if (common.by.empty()) {
    answer = std::move(parts.front().answer);
  } else if (parts.empty()) {
    answer.sentence = fmt::format("No trial that the question is about has {}.", common.by);
  } else {
    answer = merged(common.by, std::move(parts));
  }
  while (!answer.sentence.empty() && answer.sentence.back() == ' ') answer.sentence.pop_back();
  answer.sentence += trials.sentence;
  if (trials.selection.leak) {
    answer.sentence = fmt::format(
        "Leak: the selector {} reads the test domain, so nobody without test data can choose as it "
        "does. {}",
        trials.selection.selector, answer.sentence);
  }
  for (Table& table : answer.tables) {
    table.name += name_suffix(common);
    table.caption += trials.note;
  }
  for (Chart& chart : answer.charts) {
    chart.name += name_suffix(common);
    chart.note += trials.note;
  }
  return answer;
}

/// When a hypothesis was stated: afterwards it may have been chosen by the results.
std::string stated_text(const Study& study, const AskedQuestion& asked) {
  const Value& keys = asked.options;
  const auto has = [&](const char* key) { return keys.is_table() && keys.find(key) != nullptr; };
  if (!has("hypothesis") && !has("primary")) return {};
  const auto stated = harness::stated_question(study.results().context, asked);
  if (!stated) return " The store does not say when this question was first asked.";
  const auto all = static_cast<std::int64_t>(study.trials(asked.experiment).size());
  return fmt::format(
      " This question, with its hypothesis and margin, was stated before {} of the {} of the "
      "experiment were made ({}, hash of the suite {}).",
      all - std::min(all, stated->made), core::counted(all, "trial"), stated->date,
      stated->suite.substr(0, 8));
}

Answer answer_of(const Study& study, const ReadQuestion& read) {
  if (is_about_a_part(read)) return answer_parts(study, read);
  return read.kind->answer(study, read.common.experiment);
}

}  // namespace

AnsweredQuestions::AnsweredQuestions(const Study& study, const QuestionKinds& kinds)
    : study_(study),
      asked_(study.suite().questions.empty() ? default_questions(study.suite())
                                             : study.suite().questions) {
  const StoredResults& results = study.results();
  std::vector<const TrialSpec*> trials;
  trials.reserve(results.trials.size());
  for (const TrialResult& trial : results.trials) trials.push_back(&trial.spec);
  const QuestionNames names(study.suite(), trials, false);
  Problems problems;
  read_.reserve(asked_.size());
  for (const AskedQuestion& asked : asked_) {
    if (!kinds.contains(asked.kind) && !plugins_of(results).empty()) {
      read_.emplace_back();
      continue;
    }
    read_.push_back(read_question(asked, kinds, problems));
    if (kinds.contains(asked.kind)) {
      names.check(asked, read_.back().experiments, kinds, problems);
    }
  }
  problems.raise();
}

Answer AnsweredQuestions::answer(std::size_t number) const {
  const AskedQuestion& asked = asked_.at(number);
  const ReadQuestion& read = read_[number];
  Answer answer =
      read.kind == nullptr ? unknown_kind(asked, study_.results()) : answer_of(study_, read);
  answer.question = asked.text;
  const std::string stated = read.kind == nullptr ? "" : stated_text(study_, asked);
  if (!stated.empty()) {
    while (!answer.sentence.empty() && answer.sentence.back() == ' ') answer.sentence.pop_back();
    answer.sentence += stated;
  }
  return answer;
}

std::vector<Answer> answer_all(const StoredResults& results, const QuestionKinds& kinds) {
  const Study study(results, kinds.selectors);
  const AnsweredQuestions questions(study, kinds);
  std::vector<Answer> answers;
  answers.reserve(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) answers.push_back(questions.answer(i));
  return answers;
}

std::vector<Chart> shift_charts(const StoredResults& results) {
  if (results.context.count("suite") == 0) return {};
  const Study study(results);
  std::vector<Chart> charts;
  for (const Experiment& experiment : study.suite().experiments) {
    for (Chart& chart : shift_charts(study, experiment.name)) charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace spurion::analysis
