#include "harness/suite/searched_options.hpp"

#include <algorithm>

#include "harness/suite/trial_sections.hpp"

namespace spurion::harness {

SearchedOptions::SearchedOptions(const Experiment& experiment) : experiment_(experiment) {
  const auto add = [&](const std::string& section, const Value& table) {
    if (!table.is_table()) return;
    const Value* name = table.find("name");
    const std::string component =
        name != nullptr && name->is_string() ? name->as_string() : std::string();
    for (const auto& [option, value] : table.as_table()) {
      set_[section + '.' + option].insert(component);
    }
  };
  for (const std::string& section : section_names()) {
    if (const Value* given = experiment.sections.find(section)) add(section, *given);
  }
  for (const auto& [axis, values] : experiment.grid.as_table()) {
    if (axis.find('.') != std::string::npos) {
      set_[axis].insert("");
    } else if (values.is_list()) {
      for (const Value& value : values.as_list()) add(axis, value);
    }
  }
}

std::optional<std::size_t> SearchedOptions::field_of(const std::string& section,
                                                     const std::string& component,
                                                     const std::string& option) const {
  const auto& fields = experiment_.search_fields;
  const std::string path = section + '.' + option;
  auto at = std::find(fields.begin(), fields.end(), path);
  const auto set = set_.find(path);
  if (at == fields.end() &&
      (set == set_.end() || (set->second.count("") == 0 && set->second.count(component) == 0))) {
    at = std::find(fields.begin(), fields.end(), section);
  }
  if (at == fields.end()) return std::nullopt;
  return static_cast<std::size_t>(at - fields.begin());
}

bool SearchedOptions::searched(const std::string& section, const std::string& option) const {
  const auto& fields = experiment_.search_fields;
  if (std::find(fields.begin(), fields.end(), section + '.' + option) != fields.end()) return true;
  const auto set = set_.find(section + '.' + option);
  const bool for_all = set != set_.end() && set->second.count("") != 0;
  return !for_all && std::find(fields.begin(), fields.end(), section) != fields.end();
}

std::set<std::string> SearchedOptions::of(const TrialSpec& trial) const {
  std::set<std::string> options;
  for (const TrialSection& section : trial.sections()) {
    if (!section.options->is_table()) continue;
    const std::string component =
        section.component != nullptr ? section.component->name : std::string();
    for (const auto& [option, value] : section.options->as_table()) {
      const std::string path = section.name + ('.' + option);
      if (field_of(section.name, component, option) || names_entry_of(path)) options.insert(path);
    }
  }
  return options;
}

bool SearchedOptions::names_entry_of(const std::string& path) const {
  const auto& fields = experiment_.search_fields;
  return std::any_of(fields.begin(), fields.end(), [&](const std::string& field) {
    return field.size() > path.size() && field.compare(0, path.size(), path) == 0 &&
           field[path.size()] == '.';
  });
}

bool SearchedOptions::sets(const std::string& section, const std::string& option) const {
  return set_.count(section + '.' + option) != 0;
}

}  // namespace spurion::harness
