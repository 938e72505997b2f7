#pragma once

#include <map>
#include <set>
#include <string>

#include "spurion/store.hpp"
#include "spurion/trial.hpp"

namespace spurion::analysis {

/// Names for the components of an experiment's trials that tell apart what differs: "continual", or
/// "continual (trainable = last_layer)" where another trial's continual has another value.
class VariantNames {
 public:
  /// Options in `shared` are never named: the caller tells them apart by other means.
  VariantNames(const StoredResults& results, const std::string& experiment,
               Component TrialSpec::*component, const std::set<std::string>& shared = {});

  [[nodiscard]] std::string operator()(const TrialSpec& spec) const;

 private:
  Component TrialSpec::*component_;
  std::map<std::string, std::set<std::string>> differing_;  // name -> options
};

}  // namespace spurion::analysis
