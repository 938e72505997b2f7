#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "spurion/analysis/stored_metrics.hpp"
#include "spurion/environment_facts.hpp"
#include "spurion/selector.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"

namespace spurion::analysis {

/// How hyper-parameters were chosen before a kind of question sees the trials.
struct AppliedSelection {
  std::string selector = {};    ///< its name; empty: nothing was chosen, every sample is there
  bool early_stopping = false;  ///< each trial is as it was at its best update
  bool leak = false;            ///< the selector read the test domain
  /// One sample was chosen for all scales of the question, not one for each of them.
  bool one_for_all_scales = false;
  /// Of each trial that was kept, how many different samples of hyper-parameters there were to
  /// choose from; null where nothing was chosen.
  std::shared_ptr<const std::map<const TrialResult*, std::int64_t>> samples = {};

  /// Whether anything was chosen.
  [[nodiscard]] bool active() const { return !selector.empty(); }
  /// "oracle (leak), early stopping"; empty where nothing was chosen.
  [[nodiscard]] SPURION_API std::string text() const;
};

/// Stored results with what all questions need of them, found once: to parse the suite or to go
/// through all trials for each of many experiments would take a time that grows with their square.
class SPURION_API Study {
 public:
  /// Refers to the results, which must stay. Throws `StoreError` when they do not hold their suite.
  /// `selectors`: those that questions can name.
  explicit Study(const StoredResults& results, Selectors selectors = Selectors());

  /// The same study of some trials, by experiment, in place of all: no other has any.
  using Trials = std::map<std::string, std::vector<const TrialResult*>>;
  /// The same study of some of its trials.
  [[nodiscard]] Study with(Trials trials) const;
  /// Trials that a selection stopped early: copies that end at an earlier update.
  using Stopped = std::deque<TrialResult>;
  /// The same study of the trials that a selection kept, some of which are in `stopped`.
  [[nodiscard]] Study selected(Trials trials, AppliedSelection selection,
                               std::shared_ptr<const Stopped> stopped) const;

  /// Everything that is stored; `trials()` may be a part of it.
  [[nodiscard]] const StoredResults& results() const { return *facts_->results; }
  /// The suite that was run.
  [[nodiscard]] const Suite& suite() const { return facts_->suite; }
  /// Of one experiment, in the order of the results; none of an unknown one.
  [[nodiscard]] const std::vector<const TrialResult*>& trials(const std::string& experiment) const;
  /// Trials of an experiment that held out a train domain, for leave-one-domain-out selection. They
  /// are not among `trials`, unless the experiment has no others.
  [[nodiscard]] const std::vector<const TrialResult*>& held_out_trials(
      const std::string& experiment) const;
  /// The options that a search of the experiment draws, as "section.field".
  [[nodiscard]] const std::set<std::string>& searched_options(const std::string& experiment) const;
  /// What the store says about an environment, as its options are where they are described; without
  /// a name where it says nothing.
  [[nodiscard]] const EnvironmentFacts& environment_facts(const Component& environment) const;
  /// How hyper-parameters were chosen; it is to be said beside every number.
  [[nodiscard]] const AppliedSelection& selection() const { return selection_; }
  /// How often the tests of an experiment may show a difference where there is none: 0.05. In a
  /// suite that may stop early (`Suite::stopping`) it is the part of it that belongs to the look
  /// with as many seeds as the experiment has.
  [[nodiscard]] double test_level(const std::string& experiment) const;
  /// The selectors that questions can name.
  [[nodiscard]] const Selectors& selectors() const { return facts_->selectors; }
  /// What is known about the stored numbers.
  [[nodiscard]] const StoredMetrics& metrics() const { return facts_->metrics; }
  /// The methods that comparisons need as controls, by name, with `control_name` of what for: those
  /// that were registered when the results were made. Empty where the store does not say.
  [[nodiscard]] const std::map<std::string, std::string>& controls() const {
    return facts_->controls;
  }
  /// The options of a regime that shape its stream, so that results count them to the environment.
  [[nodiscard]] const std::set<std::string>& stream_options(const std::string& regime) const;

  /// The study of all trials, before any question or selection left some out.
  [[nodiscard]] Study whole() const;
  /// What several questions about the same results need, such as a fit or the tests that they are
  /// adjusted for: made at the first call with this key, kept as long as any study of the results.
  /// `make` may call `once` with other keys.
  template <class T>
  std::shared_ptr<const T> once(const std::string& key, const std::function<T()>& make) const {
    const std::string full = std::string(typeid(T).name()) + ' ' + key;
    if (auto known = recall(full)) return std::static_pointer_cast<const T>(known);
    auto made = std::make_shared<const T>(make());
    remember(full, made);
    return made;
  }

 private:
  [[nodiscard]] std::shared_ptr<const void> recall(const std::string& key) const;
  void remember(const std::string& key, std::shared_ptr<const void> what) const;

  struct Memory;
  /// What does not depend on which trials are looked at.
  struct Facts {
    const StoredResults* results;
    Suite suite;
    std::map<std::string, std::set<std::string>> searched;
    /// By name, and by options within it; under "" those that are described first.
    std::map<std::string, std::map<std::string, EnvironmentFacts>> environments;
    StoredMetrics metrics;
    std::map<std::string, std::string> controls;
    std::map<std::string, std::set<std::string>> stream_options;  ///< by regime
    Selectors selectors;
    Trials held_out;                       ///< trials that held out a train domain
    Trials all;                            ///< all others
    std::shared_ptr<Memory> memory;        ///< of `once`
    std::map<std::string, double> levels;  ///< of experiments that may stop early
  };
  Study(std::shared_ptr<const Facts> facts, Trials trials);

  std::shared_ptr<const Facts> facts_;
  Trials trials_;
  AppliedSelection selection_;
  std::shared_ptr<const Stopped> stopped_;  ///< what some of the trials refer to
};

}  // namespace spurion::analysis
