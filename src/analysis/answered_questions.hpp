#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "analysis/asked_question.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/study.hpp"

namespace spurion::analysis {

/// The questions of a stored suite, read and checked, to be answered one at a time: tables and
/// charts of thousands of answers take more memory than the trials.
class SPURION_API AnsweredQuestions {
 public:
  /// Refers to both, which must stay. Throws `UsageError` as `check_questions` does.
  AnsweredQuestions(const Study& study, const QuestionKinds& kinds);
  AnsweredQuestions(const AnsweredQuestions&) = delete;
  AnsweredQuestions& operator=(const AnsweredQuestions&) = delete;

  [[nodiscard]] std::size_t size() const { return asked_.size(); }
  /// The question of this number, as it was asked.
  [[nodiscard]] const AskedQuestion& asked(std::size_t number) const { return asked_.at(number); }
  /// The experiments that it is about.
  [[nodiscard]] const std::set<std::string>& experiments(std::size_t number) const {
    return read_.at(number).experiments;
  }
  /// The answer to question number `number`, counted from 0. It is worked out anew at each call.
  [[nodiscard]] Answer answer(std::size_t number) const;

 private:
  const Study& study_;
  std::vector<AskedQuestion> asked_;
  std::vector<ReadQuestion> read_;  ///< of `asked_`
};

}  // namespace spurion::analysis
