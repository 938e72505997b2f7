#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "spurion/store.hpp"

/// \file
/// Whether the best hyper-parameters lie at the edge of what a search tried: then a better value
/// may lie beyond, and a curve over scales may show the range of the search.

namespace spurion::analysis {

/// Collects where the chosen samples of configurations lie among those that were tried.
class SearchEdges {
 public:
  /// `searched`: the options that the search draws.
  explicit SearchEdges(std::set<std::string> searched) : searched_(std::move(searched)) {}

  /// Of one configuration: all its samples, and the chosen one. `place`: the configuration as
  /// people read it; may be empty. An option counts where two or more different numbers were tried.
  void add(const std::vector<const TrialResult*>& trials, std::int64_t chosen,
           const std::string& place);
  /// Sentences, each with a space before it; empty where no choice lies at an edge. `how`: who
  /// chose, " of oracle"; may be empty.
  [[nodiscard]] std::string text(const std::string& how = {}) const;

 private:
  /// Where the chosen value of an option is the least, or the greatest, that was tried.
  struct Ends {
    std::vector<std::string> least;
    std::vector<std::string> greatest;
  };

  std::set<std::string> searched_;
  std::int64_t configurations_ = 0;
  std::map<std::string, Ends> ends_;  ///< by option
};

/// What tells the configurations of some trials apart for people.
class ConfigurationNames {
 public:
  /// `apart`: options that a search draws, or for whose values one choice is made.
  ConfigurationNames(const std::vector<const TrialResult*>& trials,
                     const std::set<std::string>& apart);

  /// "erm, model.width = 64": method, regime, environment and model where there are several, and
  /// the options of environment, model, optimizer and training that differ.
  [[nodiscard]] std::string of(const TrialResult& trial) const;

 private:
  std::vector<const Component TrialSpec::*> sections_;
  std::vector<std::string> options_;
};

}  // namespace spurion::analysis
