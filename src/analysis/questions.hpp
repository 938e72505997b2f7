#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/study.hpp"

namespace spurion::analysis {

// One function a kind of question; each in the file of its name.
Answer gap_against_scale(const Study& study, const AskedQuestion& question);
Answer compare_methods(const Study& study, const AskedQuestion& question);
Answer compare_regimes(const Study& study, const AskedQuestion& question);
Answer streams(const Study& study, const AskedQuestion& question);
Answer published(const Study& study, const AskedQuestion& question);
Answer trend(const Study& study, const AskedQuestion& question);

void check_gap_against_scale(const AskedQuestion& question);
void check_compare_methods(const AskedQuestion& question);
void check_compare_regimes(const AskedQuestion& question);
void check_streams(const AskedQuestion& question);
void check_published(const AskedQuestion& question);
void check_trend(const AskedQuestion& question);

/// A kind of question: who answers it, the keys it reads besides text, kind and experiment, and who
/// checks them without any result: throws `UsageError` for a key that is missing, of the wrong type
/// or out of range.
struct QuestionKind {
  const char* name;
  Answer (*answer)(const Study&, const AskedQuestion&);
  std::vector<std::string> keys;
  void (*check)(const AskedQuestion&);
};
const std::vector<QuestionKind>& question_kinds();
/// Null for an unknown name.
const QuestionKind* question_kind(const std::string& name);

/// The dial curve of some trials, one series a method (or regime), with the ceilings.
std::vector<Chart> dial_charts(const Study& study, const std::string& experiment);

/// As the public one, of trials that are kept elsewhere.
void check_questions(const Suite& suite, const std::vector<const TrialSpec*>& trials);

/// Reads a key of a question; throws `UsageError` with its place when it has the wrong type.
std::string text_option(const AskedQuestion& question, const char* key,
                        const std::string& fallback);
/// A list of strings; empty when absent.
std::vector<std::string> texts_option(const AskedQuestion& question, const char* key);
double number_option(const AskedQuestion& question, const char* key, double fallback);
/// A number that must be finite and not negative.
double margin_option(const AskedQuestion& question, double fallback);
/// The number of a phase; -1 for the last.
std::int64_t phase_option(const AskedQuestion& question);
/// "section.field" of a key that must be there.
std::string needed_axis(const AskedQuestion& question);
/// The experiments a question is about: its own, and those of its list.
std::set<std::string> experiments_of(const AskedQuestion& question);

}  // namespace spurion::analysis
