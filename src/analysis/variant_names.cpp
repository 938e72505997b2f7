#include "analysis/variant_names.hpp"

#include <fmt/format.h>

#include <unordered_set>

namespace spurion::analysis {

namespace {

/// "rate = 0.5"; what is on is named; what is off, none or empty is not.
std::string option_text(const std::string& option, const Value& value) {
  if (value.is_bool()) return value.as_bool() ? option : std::string();
  if (value.is_integer() && value.as_integer() == 0) return {};
  if (value.is_list() && value.as_list().empty()) return {};
  return fmt::format("{} = {}", option,
                     value.is_string() ? value.as_string() : value.canonical_json());
}

std::vector<std::string> option_texts(const std::set<std::string>& options,
                                      const Component& component) {
  std::vector<std::string> parts;
  for (const std::string& option : options) {
    const Value* value = component.options.find(option);
    if (value == nullptr) continue;
    std::string text = option_text(option, *value);
    if (!text.empty()) parts.push_back(std::move(text));
  }
  return parts;
}

}  // namespace

VariantNames::VariantNames(const std::vector<const TrialResult*>& trials,
                           Component TrialSpec::*component, const Named& named)
    : component_(component) {
  std::map<std::string, std::map<std::string, std::set<std::string>>> values;
  std::map<std::string, std::set<std::string>> anywhere;
  std::map<std::string, std::unordered_set<const void*>> known;  // that trials share in memory
  const Component* last = nullptr;                               // neighbours often do
  for (const TrialResult* trial : trials) {
    const Component& one = trial->spec.*component_;
    if (!one.options.is_table()) continue;
    const void* place = &one.options.as_table();
    if (last != nullptr && last->name == one.name && &last->options.as_table() == place) continue;
    last = &one;
    if (!known[one.name].insert(place).second) continue;
    for (const auto& [option, value] : one.options.as_table()) {
      if (!named(option)) continue;
      values[one.name][option].insert(value.canonical_json());
      anywhere[option].insert(value.canonical_json());
    }
  }
  for (const auto& [name, options] : values) {
    for (const auto& [option, seen] : options) {
      if (seen.size() > 1) differing_[name].insert(option);
    }
  }
  for (const auto& [option, seen] : anywhere) {
    if (seen.size() > 1) differing_anywhere_.insert(option);
  }
}

std::string VariantNames::operator()(const TrialSpec& spec) const {
  const Component& one = spec.*component_;
  if (differing_.empty()) return one.name;
  const auto found = differing_.find(one.name);
  if (found == differing_.end()) return one.name;
  const auto parts = option_texts(found->second, one);
  if (parts.empty()) return one.name;
  return fmt::format("{} ({})", one.name, fmt::join(parts, ", "));
}

std::string VariantNames::options(const TrialSpec& spec) const {
  std::string text;
  for (const std::string& part : option_texts(differing_anywhere_, spec.*component_)) {
    text += ", " + part;
  }
  return text;
}

}  // namespace spurion::analysis
