#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "spurion/trial.hpp"

namespace spurion {

/// Reads canonical texts of trials. The trials of a grid have most of their sections in common:
/// each is read once, and shared.
class SpecReader {
 public:
  /// Throws `UsageError` when it is no canonical text of a trial.
  TrialSpec read(std::string_view canonical_json);

 private:
  const Component& component(std::string_view text);
  const Value& value(std::string_view text);

  std::unordered_map<std::string, Component> components_;
  std::unordered_map<std::string, Value> values_;
};

}  // namespace spurion
