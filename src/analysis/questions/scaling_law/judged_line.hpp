#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analysis/fits/scaling_judgement.hpp"
#include "analysis/gap_verdict.hpp"
#include "analysis/questions/scaling_law/law_line.hpp"
#include "spurion/analysis/study.hpp"

/// \file
/// Verdicts of lines, and the family of all verdicts of a suite that Holm's method adjusts for.

namespace spurion::analysis::questions::scaling_law {

/// What the numbers of a line say, before others are looked at.
struct LineJudgement {
  fits::ScalingJudgement law;
  /// Where the model did not learn, or it is not shown that it did, so that a law of the gap says
  /// nothing: collapsed, did_not_learn or learning_unsure.
  std::optional<GapOutcome> learning;
};

/// A line with its verdict as one of all of the suite.
struct JudgedLine {
  LawLine numbers;
  std::shared_ptr<const LineJudgement> judgement;
  fits::AdjustedP adjusted;
  std::size_t family = 1;  ///< verdicts that were adjusted for
  fits::ScalingOutcome outcome = fits::ScalingOutcome::undecided;
  bool demoted = false;  ///< would have this verdict alone

  [[nodiscard]] const fits::ScalingJudgement& law() const { return judgement->law; }
  /// Whether it has a verdict that leaves nothing open which more seeds would show.
  [[nodiscard]] bool decided() const;
  /// What a column of verdicts says.
  [[nodiscard]] std::string verdict() const;
};

/// One verdict of the family of a suite.
struct FamilyMember {
  std::string key;
  std::string component;  ///< registered name of the environment
  std::string method;     ///< registered name
  std::string place;      ///< names the question, environment and regime: who is compared there
  std::shared_ptr<const LineJudgement> judgement;
  /// At least 1: what p values are multiplied by, since a run that may stop early has several looks
  /// at its results, which share the level.
  double looks_factor = 1.0;
  fits::ScalingOutcome outcome = fits::ScalingOutcome::undecided;  ///< adjusted
  fits::AdjustedP adjusted = {};
};

/// All verdicts of the questions of kind 'scaling_law' of a suite.
struct Family {
  std::vector<FamilyMember> members;
  /// Methods that have the form of a penalty without its information: as good as erm, no better.
  std::set<std::string> placebos;
  std::size_t primaries = 0;  ///< questions that say that they are the primary one
};

/// The family of the suite of a study; worked out once.
std::shared_ptr<const Family> family_of(const Study& study);

/// The lines of a question, judged, adjusted for the family.
std::vector<JudgedLine> judged_lines(const Study& study, const std::string& experiment,
                                     const LawOptions& options);

/// Whether a verdict says something of the gap that could be wrong.
bool claims(fits::ScalingOutcome outcome);

}  // namespace spurion::analysis::questions::scaling_law
