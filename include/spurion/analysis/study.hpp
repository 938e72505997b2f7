#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "spurion/store.hpp"
#include "spurion/suite.hpp"

namespace spurion::analysis {

/// Stored results with what all questions need of them, found once: to parse the suite or to go
/// through all trials for each of many experiments would take a time that grows with their square.
class Study {
 public:
  /// Refers to the results, which must stay. Throws `StoreError` when they do not hold their suite.
  explicit Study(const StoredResults& results);

  [[nodiscard]] const StoredResults& results() const { return *results_; }
  [[nodiscard]] const Suite& suite() const { return suite_; }
  /// Of one experiment, in the order of the results; none of an unknown one.
  [[nodiscard]] const std::vector<const TrialResult*>& trials(const std::string& experiment) const;
  /// The options that a search of the experiment draws, as "section.field".
  [[nodiscard]] const std::set<std::string>& searched_options(const std::string& experiment) const;
  /// What the store says about an environment, as its options are where they are described; an
  /// empty table where it says nothing.
  [[nodiscard]] const Value& environment_facts(const Component& environment) const;

 private:
  const StoredResults* results_;
  Suite suite_;
  std::map<std::string, std::vector<const TrialResult*>> trials_;
  std::map<std::string, std::set<std::string>> searched_;
  /// By name, and by options within it; under "" those that are described first.
  std::map<std::string, std::map<std::string, Value>> facts_;
};

}  // namespace spurion::analysis
