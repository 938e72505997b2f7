#pragma once

#include <array>
#include <string>
#include <unordered_map>

#include "harness/suite/trial_id.hpp"
#include "spurion/export.hpp"

namespace spurion::harness {

/// Ids of many trials: sections that trials share in memory are turned into text once. The trials
/// must stay as they are.
class SPURION_API TrialIds {
 public:
  [[nodiscard]] TrialId operator()(const TrialSpec& trial);

 private:
  struct Known {
    std::string name;
    std::string text;
  };
  /// `scratch`: for a section that shares its place in memory with one of another name.
  const std::string* text_of(std::size_t section, const std::string& name, const Value& options,
                             std::string& scratch);

  std::array<std::unordered_map<const void*, Known>, 7> known_;  // by where the options are
};

}  // namespace spurion::harness
