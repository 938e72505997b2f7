#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/suite/trial_id.hpp"

namespace spurion::harness {

/// Which experiments of a suite its trials belong to, in few bytes. A trial of many experiments is
/// there once for each.
class SuiteMembers {
 public:
  void reserve(std::size_t members) {
    ids_.reserve(members);
    names_of_.reserve(members);
  }
  void add(const TrialId& id, const std::string& experiment) {
    // Trials of an experiment mostly follow one another.
    if (names_.empty() || names_.back() != experiment) names_.push_back(experiment);
    ids_.push_back(id);
    names_of_.push_back(static_cast<std::uint32_t>(names_.size() - 1));
  }

  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  [[nodiscard]] const TrialId& id(std::size_t index) const { return ids_[index]; }
  /// The experiment of a member, as a place among the names.
  [[nodiscard]] std::uint32_t name_of(std::size_t index) const { return names_of_[index]; }
  /// Names of experiments; one may be there more than once.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<TrialId> ids_;
  std::vector<std::uint32_t> names_of_;
  std::vector<std::string> names_;
};

}  // namespace spurion::harness
