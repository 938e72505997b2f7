#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "spurion/trial.hpp"

namespace spurion::analysis {

/// Names for the components of trials that tell apart what differs: "continual", or "continual
/// (trainable = last_layer)" where another trial's continual has another value.
class VariantNames {
 public:
  /// Whether an option may be named; the others are told apart by other means.
  using Named = std::function<bool(const std::string&)>;

  VariantNames(const std::vector<const TrialResult*>& trials, Component TrialSpec::*component,
               const Named& named);

  /// Name and differing options.
  [[nodiscard]] std::string operator()(const TrialSpec& spec) const;
  /// ", rate = 0.5" for each option that differs between any two trials, whatever their component
  /// is called.
  [[nodiscard]] std::string options(const TrialSpec& spec) const;

 private:
  Component TrialSpec::*component_;
  std::map<std::string, std::set<std::string>> differing_;  // name -> options
  std::set<std::string> differing_anywhere_;
};

}  // namespace spurion::analysis
