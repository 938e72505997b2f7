#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/export.hpp"
#include "spurion/selector.hpp"
#include "spurion/store.hpp"

/// \file
/// Two methods of one folder of results, or two folders, on the seeds that they share: what
/// `spurion compare A B` prints.

namespace spurion::analysis {

/// A trial on one side of a comparison.
struct ComparedTrial {
  const TrialResult* trial;
  std::string configuration;  ///< what it is paired by, beside its seed
};

/// The trials of a control of the comparison: of a placebo.
struct ComparedControl {
  std::string name;
  std::vector<ComparedTrial> trials;
};

/// The trials of both sides in one environment, under one method and regime.
struct ComparedGroup {
  std::string environment;
  std::string under;  ///< the method or regime that both have; empty where that says nothing
  std::vector<ComparedTrial> first;
  std::vector<ComparedTrial> second;
  std::vector<ComparedControl> placebos = {};
};

/// What two sides are called, and which of their trials belong together.
struct Comparison {
  std::string first;
  std::string second;
  std::vector<ComparedGroup> groups;
  std::string note;                 ///< sentences on what else differs, for the caption
  std::string sentence = {};        ///< what a reader must know beside the differences
  std::vector<Study> studies = {};  ///< hold the trials that a selection stopped early
};

/// How hyper-parameters are chosen where an experiment has several samples of them.
struct ComparedSelection {
  Selectors selectors = {};  ///< that can be named
  /// "none": every sample counts. Without a value: the first that a question of the suite about
  /// the experiment names, and "none" where no question does.
  std::optional<std::string> selector = {};
  bool early_stopping = false;  ///< as that key of a question; only with a named selector
};

/// Scores, gaps and flip rates of both sides, and their paired differences. Throws `UsageError`
/// where no trial of one side has a partner on the other.
SPURION_API Answer answer_of(const Comparison& comparison);

/// Two methods, by their names or as reports name their variants ("erm (randomise_cue)"). The
/// results must stay. Throws `UsageError` for a name that no trial has, or that several variants
/// have, for an unknown selector, and where a selector had more samples of one method to choose
/// from than of the other.
SPURION_API Comparison compared_methods(const StoredResults& results, const std::string& first,
                                        const std::string& second,
                                        const ComparedSelection& selection = {});

/// A folder of results.
struct ComparedFolder {
  std::string name;
  const StoredResults& results;
};

/// Two folders. Options in which they have no value in common are what is compared; trials that
/// agree in all others are paired. Throws `UsageError` in one sentence where the folders do not
/// belong together: no common environment, other options of an environment, other domains, other
/// recorded rows, another base seed, or, unless `allow_mixed`, another version of spurion.
SPURION_API Comparison compared_folders(const ComparedFolder& first, const ComparedFolder& second,
                                        bool allow_mixed);

}  // namespace spurion::analysis
