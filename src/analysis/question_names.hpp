#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "spurion/question_kinds.hpp"
#include "spurion/suite.hpp"

namespace spurion::analysis {

/// What the keys of questions name, looked up among the trials of a suite.
class QuestionNames {
 public:
  /// `all`: whether these are all trials of the suite, and not those that were run so far. Then a
  /// method or a value that none of them has is a mistake.
  QuestionNames(const Suite& suite, const std::vector<const TrialSpec*>& trials, bool all);

  /// Adds what is wrong with a question whose kind is known.
  void check(const AskedQuestion& asked, const std::set<std::string>& experiments,
             const QuestionKinds& kinds, Problems& problems) const;

 private:
  const Suite& suite_;
  std::map<std::string, std::vector<const TrialSpec*>> trials_;  ///< by experiment
  bool all_;
};

}  // namespace spurion::analysis
