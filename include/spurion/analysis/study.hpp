#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "spurion/analysis/stored_metrics.hpp"
#include "spurion/environment_facts.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"

namespace spurion::analysis {

/// Stored results with what all questions need of them, found once: to parse the suite or to go
/// through all trials for each of many experiments would take a time that grows with their square.
class SPURION_API Study {
 public:
  /// Refers to the results, which must stay. Throws `StoreError` when they do not hold their suite.
  explicit Study(const StoredResults& results);

  /// The same study of some trials, by experiment, in place of all: no other has any.
  using Trials = std::map<std::string, std::vector<const TrialResult*>>;
  /// The same study of some of its trials.
  [[nodiscard]] Study with(Trials trials) const;

  /// Everything that is stored; `trials()` may be a part of it.
  [[nodiscard]] const StoredResults& results() const { return *facts_->results; }
  /// The suite that was run.
  [[nodiscard]] const Suite& suite() const { return facts_->suite; }
  /// Of one experiment, in the order of the results; none of an unknown one.
  [[nodiscard]] const std::vector<const TrialResult*>& trials(const std::string& experiment) const;
  /// The options that a search of the experiment draws, as "section.field".
  [[nodiscard]] const std::set<std::string>& searched_options(const std::string& experiment) const;
  /// What the store says about an environment, as its options are where they are described; without
  /// a name where it says nothing.
  [[nodiscard]] const EnvironmentFacts& environment_facts(const Component& environment) const;
  /// What is known about the stored numbers.
  [[nodiscard]] const StoredMetrics& metrics() const { return facts_->metrics; }
  /// The options of a regime that shape its stream, so that results count them to the environment.
  [[nodiscard]] const std::set<std::string>& stream_options(const std::string& regime) const;

 private:
  /// What does not depend on which trials are looked at.
  struct Facts {
    const StoredResults* results;
    Suite suite;
    std::map<std::string, std::set<std::string>> searched;
    /// By name, and by options within it; under "" those that are described first.
    std::map<std::string, std::map<std::string, EnvironmentFacts>> environments;
    StoredMetrics metrics;
    std::map<std::string, std::set<std::string>> stream_options;  ///< by regime
  };
  Study(std::shared_ptr<const Facts> facts, Trials trials);

  std::shared_ptr<const Facts> facts_;
  Trials trials_;
};

}  // namespace spurion::analysis
