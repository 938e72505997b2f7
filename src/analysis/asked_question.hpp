#pragma once

#include <memory>
#include <set>
#include <string>

#include "spurion/question.hpp"
#include "spurion/suite.hpp"

namespace spurion::analysis {

/// A question of a suite as it is understood: the keys that all questions have, and its kind made
/// from the others.
struct ReadQuestion {
  CommonQuestionOptions common;
  std::unique_ptr<Question> kind;     ///< null where something is wrong with it
  std::set<std::string> experiments;  ///< its own, and those that further keys name
  std::set<std::string> axes;         ///< the options that the kind calls its axes
};

/// Adds to `problems` what is wrong: an unknown kind or key, a key that is missing, of the wrong
/// type or out of range.
ReadQuestion read_question(const AskedQuestion& asked, const QuestionKinds& kinds,
                           Problems& problems);

/// The fields of a kind's table that name something of trials, and those of the common keys.
std::vector<FieldInfo> fields_of(const std::string& kind, const QuestionKinds& kinds);

/// How messages call a question: "a question of kind 'trend'".
std::string called(const AskedQuestion& asked);

}  // namespace spurion::analysis
