#pragma once

#include <set>
#include <string>
#include <vector>

#include "analysis/study.hpp"
#include "spurion/analysis/answer.hpp"

namespace spurion::analysis {

// One function a kind of question; each in the file of its name.
Answer gap_against_scale(const Study& study, const Question& question);
Answer compare_methods(const Study& study, const Question& question);
Answer compare_regimes(const Study& study, const Question& question);
Answer streams(const Study& study, const Question& question);
Answer published(const Study& study, const Question& question);
Answer trend(const Study& study, const Question& question);

/// A kind of question: who answers it, and the keys it reads besides text, kind and experiment.
struct QuestionKind {
  const char* name;
  Answer (*answer)(const Study&, const Question&);
  std::vector<std::string> keys;
};
const std::vector<QuestionKind>& question_kinds();
/// Null for an unknown name.
const QuestionKind* question_kind(const std::string& name);

/// The dial curve of some trials, one series a method (or regime), with the ceilings.
std::vector<Chart> dial_charts(const Study& study, const std::string& experiment);

/// As the public one, of trials that are kept elsewhere.
void check_questions(const Suite& suite, const std::vector<const TrialSpec*>& trials);

/// Reads a key of a question; throws `UsageError` with its place when it has the wrong type.
std::string text_option(const Question& question, const char* key, const std::string& fallback);
/// A list of strings; empty when absent.
std::vector<std::string> texts_option(const Question& question, const char* key);
double number_option(const Question& question, const char* key, double fallback);
/// The experiments a question is about: its own, and those of its list.
std::set<std::string> experiments_of(const Question& question);

}  // namespace spurion::analysis
