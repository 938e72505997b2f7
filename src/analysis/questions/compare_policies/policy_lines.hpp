#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/paired_test.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/export.hpp"

namespace spurion::analysis::questions {

/// Options of questions of kind `compare_policies`.
struct ActingOptions {
  std::string domain = "in_distribution";
  std::string baseline_regime = "offline";
  std::string baseline_method = "erm";
  std::string best = "optimal";
  bool one_baseline = false;
  double margin = 0.1;
};

/// What the policies of one line come to: its verdict.
enum class ActingVerdict {
  as_good_as_best,      ///< the return confusion is shown to be within the margin
  did_not_learn,        ///< in training it is shown to be nearer to random actions than to the best
  worse_than_cue,       ///< the return is shown to be below that of the policy of the cue
  follows_the_cue,      ///< it is shown to be above a half, and actions are shown to follow the cue
  fails_without_cue,    ///< it is shown to be above a half, and actions are shown not to
  worse_than_best,      ///< it is shown to be above the margin, but not on which side of a half
  not_shown,            ///< the interval allows both, or there is one seed
  actions_as_evidence,  ///< nearer to the posterior that takes own actions as evidence
  actions_as_interventions,  ///< nearer to the one under which they are interventions
  no_index                   ///< following the cue costs nothing here, so there is no index
};
SPURION_API const char* acting_verdict_name(ActingVerdict verdict);

/// The seeds whose confusion index is above a half, with a 95 % Wilson interval of their share.
struct SPURION_API ConfusedSeeds {
  std::int64_t confused = 0;
  std::int64_t seeds = 0;
  [[nodiscard]] Estimate share() const;
};

/// The trials of one method, regime and environment.
struct ActingLine {
  ResultsView::Line line;
  std::string name;     ///< with the environment, where there are several
  SeedCells returns;    ///< one value a seed: the mean over configurations
  SeedCells confusion;  ///< 0 at the best policy, 1 at that of the cue
  Estimate reached;     ///< return
  Estimate index;       ///< confusion index
  /// Where the return in the train domains lies between random actions, 0, and the best policy, 1;
  /// of no values where the policies are judged in the train domains.
  Estimate trained;
  Estimate accuracy;        ///< of predicting the expert, in distribution
  Estimate goal;            ///< share of episodes that reach the goal
  Estimate proxy;           ///< share of episodes that reach the proxy
  Estimate flips;           ///< flip rate of actions
  Estimate repeats;         ///< share of repeated actions
  Estimate conditional;     ///< divergence from the conditional posterior; of no values: not known
  Estimate interventional;  ///< from the interventional one
  ConfusedSeeds modes;
  double best = 0.0;  ///< returns of reference policies, means over trials; NaN: not known
  double by_cue = 0.0;
  double by_chance = 0.0;
  double labels = 0.0;  ///< costs: means over trials
  double queries = 0.0;
  double steps = 0.0;
  double flops = 0.0;
  ActingVerdict verdict = ActingVerdict::not_shown;
  bool watches = false;            ///< it is what the others are compared with
  std::optional<Estimate> change;  ///< return minus that of the baseline, paired by seed
  PairedTest test;                 ///< of the change, adjusted for all lines
};

/// The lines of an experiment, judged; tests are adjusted for all of them.
std::vector<ActingLine> acting_lines(const ResultsView& view, const std::string& experiment,
                                     const ActingOptions& options);

}  // namespace spurion::analysis::questions
