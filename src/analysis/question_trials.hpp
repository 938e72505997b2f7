#pragma once

#include <string>
#include <vector>

#include "analysis/asked_question.hpp"
#include "spurion/analysis/study.hpp"

/// \file
/// The trials that a question is about, as the keys say that all kinds have: `where`, `by` and
/// `selector`.

namespace spurion::analysis {

/// Some trials of a study that are answered by themselves.
struct StudyPart {
  std::string value;  ///< of the field `by`; empty where the question has none
  Study study;
};

struct QuestionTrials {
  std::vector<StudyPart> parts;  ///< by the values of `by`, numbers in their order
  std::string note;              ///< sentences for captions: which trials these are
  AppliedSelection selection;    ///< how their hyper-parameters were chosen
  std::string sentence;          ///< what a reader of the answer must know of those left out
};

/// Whether a question is about some trials of its experiments, or in parts.
bool is_about_a_part(const ReadQuestion& question);

QuestionTrials trials_of(const Study& study, const ReadQuestion& question);

}  // namespace spurion::analysis
