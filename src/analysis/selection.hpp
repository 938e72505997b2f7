#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analysis/by_layout.hpp"
#include "core/measurement_names.hpp"
#include "spurion/export.hpp"
#include "spurion/selector.hpp"
#include "spurion/trial.hpp"

/// \file
/// A selection is a pass over stored trials: it trains nothing.

namespace spurion::analysis {

/// Which trials, and which updates of them, are taken.
struct SelectionRule {
  const Selector* selector = nullptr;  ///< never null
  bool early_stopping = false;         ///< the best update in place of the last
};

/// A trial at the update whose numbers a rule takes.
struct TrialAt {
  const TrialResult* trial = nullptr;
  /// Of the update, if training is stopped before its end; none: the end.
  std::optional<std::int64_t> stopped = {};
  /// What the selector gives it there: more is better; none: not done, or not measured.
  std::optional<double> score = {};
};

/// What a rule takes of trials that differ only in their seed and hyper-parameter sample.
struct Choice {
  /// The sample (`TrialSpec::config_index`) with the best mean score over seeds and scales. None
  /// where no sample has a score on each seed and scale on which another has one: means over other
  /// seeds are no comparison.
  std::optional<std::int64_t> sample;
  std::vector<TrialAt> trials;  ///< all of them, in their order
};

/// Applies a rule. One for all trials of a study: it remembers where numbers lie.
class SPURION_API Chooser {
 public:
  explicit Chooser(const SelectionRule& rule) : rule_(rule) {}

  /// The trials of an experiment that held out a train domain: a selector that reads them scores a
  /// trial by those that are like it in all else. default: none.
  void set_held_out(const std::vector<const TrialResult*>& trials);
  /// Of trials that differ only in their seed and hyper-parameter sample, and in the options
  /// `scales`: then of all scales together, one sample.
  [[nodiscard]] Choice choose(const std::vector<const TrialResult*>& trials,
                              const std::set<std::string>& scales = {});
  /// Where the rule takes one trial.
  [[nodiscard]] TrialAt at(const TrialResult& trial);
  /// What the selector gives a trial at each update that was measured.
  [[nodiscard]] std::map<std::int64_t, double> scores(const TrialResult& trial);

 private:
  /// A number on validation rows: when it was measured, which, and where it lies.
  struct Place {
    std::int64_t update;
    core::MeasuredIn in;
    core::MetricId metric;
    std::size_t place;
    std::string probe = {};  ///< the label, if it is what a probe finds
  };
  using Places = std::vector<Place>;
  /// What was measured at each update, of a trial that is done.
  [[nodiscard]] std::map<std::int64_t, ValidationScores> updates(const TrialResult& trial);
  /// The same without what trials with held-out domains say of it.
  [[nodiscard]] std::map<std::int64_t, ValidationScores> own_updates(const TrialResult& trial);
  /// Adds the scores on held-out domains.
  void add_held_out(const TrialResult& trial, std::map<std::int64_t, ValidationScores>& updates);

  SelectionRule rule_;
  ByLayout<Places> places_;
  /// Trials with held-out domains by all but the number of the domain.
  std::map<std::string, std::vector<const TrialResult*>> held_out_;
};

/// Trials by all but their seed and what a search drew, each group in the order of the trials.
std::vector<std::vector<const TrialResult*>> search_groups(
    const std::vector<const TrialResult*>& trials, const std::set<std::string>& searched);

/// The values of some options of a trial as text, such as the hyper-parameters that a search draws:
/// different samples have different texts.
std::string sample_text(const TrialResult& trial, const std::set<std::string>& searched);
/// How many different samples there are among trials.
std::int64_t count_samples(const std::vector<const TrialResult*>& trials,
                           const std::set<std::string>& searched);

/// Whether selectors have scores of several updates of a trial, so that training can be stopped
/// early.
bool can_stop_early(const TrialResult& trial);

/// The label of the first of the trial's `evaluation.probes`; none without probes.
std::optional<std::string> first_probe(const TrialSpec& spec);

/// The number of a trial where it was taken; none where it was not measured at that update.
std::optional<double> number(const TrialAt& at, const std::string& domain,
                             const std::string& metric);

/// The trial as it was at an update: what was measured later is left out.
TrialResult stopped_at(const TrialResult& trial, std::int64_t update);

}  // namespace spurion::analysis
