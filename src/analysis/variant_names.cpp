#include "analysis/variant_names.hpp"

#include <fmt/format.h>

#include <vector>

namespace spurion::analysis {

VariantNames::VariantNames(const StoredResults& results, const std::string& experiment,
                           Component TrialSpec::*component, const std::set<std::string>& shared)
    : component_(component) {
  std::map<std::string, std::map<std::string, std::set<std::string>>> values;
  for (const TrialResult& trial : results.trials) {
    if (trial.spec.experiment != experiment) continue;
    const Component& one = trial.spec.*component_;
    if (!one.options.is_table()) continue;
    for (const auto& [option, value] : one.options.as_table()) {
      if (shared.count(option) == 0) values[one.name][option].insert(value.canonical_json());
    }
  }
  for (const auto& [name, options] : values) {
    for (const auto& [option, seen] : options) {
      if (seen.size() > 1) differing_[name].insert(option);
    }
  }
}

std::string VariantNames::operator()(const TrialSpec& spec) const {
  const Component& one = spec.*component_;
  const auto found = differing_.find(one.name);
  if (found == differing_.end()) return one.name;
  std::vector<std::string> parts;
  for (const std::string& option : found->second) {
    const Value* value = one.options.find(option);
    if (value == nullptr) continue;
    if (value->is_bool()) {  // what is on is named, what is off is not
      if (value->as_bool()) parts.push_back(option);
      continue;
    }
    parts.push_back(fmt::format("{} = {}", option,
                                value->is_string() ? value->as_string() : value->canonical_json()));
  }
  if (parts.empty()) return one.name;
  return fmt::format("{} ({})", one.name, fmt::join(parts, ", "));
}

}  // namespace spurion::analysis
