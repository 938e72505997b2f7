#include "analysis/configuration_notes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

namespace {

/// "a, b, c and d", or how many where they are many.
std::string list_of(const std::set<std::string>& names) {
  constexpr std::size_t kMost = 8;
  if (names.size() > kMost) return fmt::format("{} values", names.size());
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The values of an option, numbers in their order.
std::string values_of(const std::vector<const TrialResult*>& trials, const std::string& option) {
  constexpr std::size_t kMost = 8;
  std::map<double, std::string> numbers;
  std::set<std::string> texts;
  for (const TrialResult* trial : trials) {
    const Value* value = option_of(trial->spec, option);
    if (value == nullptr) continue;
    texts.insert(value->canonical_json());
    if (value->is_number()) numbers[value->as_number()] = value->canonical_json();
  }
  if (numbers.size() != texts.size() || texts.size() > kMost) return list_of(texts);
  std::vector<std::string> ordered;
  for (const auto& [number, text] : numbers) ordered.push_back(text);
  return fmt::format("{}", fmt::join(ordered, ", "));
}

}  // namespace

std::string averaged_note(const std::vector<const TrialResult*>& trials,
                          const std::set<std::string>& apart, bool environments) {
  std::set<std::string> worlds;
  std::set<std::string> models;
  for (const TrialResult* trial : trials) {
    worlds.insert(trial->spec.environment.name);
    models.insert(trial->spec.model.name);
  }
  std::vector<std::string> parts;
  if (environments && worlds.size() > 1) {
    parts.push_back(fmt::format("{} environments ({})", worlds.size(), list_of(worlds)));
  }
  if (models.size() > 1) {
    parts.push_back(fmt::format("{} models ({})", models.size(), list_of(models)));
  }
  for (const std::string& option : differing_options(trials)) {
    const std::string section = option.substr(0, option.find('.'));
    if (section == "method" || section == "regime" || apart.count(option) != 0) continue;
    if (section == "environment" && (!environments || worlds.size() > 1)) continue;
    if (section == "model" && models.size() > 1) continue;
    parts.push_back(fmt::format("{} ({})", option, values_of(trials, option)));
  }
  if (parts.empty()) return {};
  return fmt::format(" Averaged over {}.", fmt::join(parts, " and "));
}

std::string shared_options_note(const std::vector<const TrialResult*>& trials,
                                const std::string& baseline, const std::set<std::string>& apart) {
  // Option -> method -> its values.
  std::map<std::string, std::map<std::string, std::set<std::string>>> options;
  std::set<std::pair<std::string, const void*>> known;  // those that trials share in memory
  for (const TrialResult* trial : trials) {
    const Component& method = trial->spec.method;
    if (!method.options.is_table()) continue;
    if (!known.emplace(method.name, &method.options.as_table()).second) continue;
    for (const auto& [option, value] : method.options.as_table()) {
      if (apart.count("method." + option) != 0) continue;
      options[option][method.name].insert(value.canonical_json());
    }
  }
  std::vector<std::string> parts;
  for (const auto& [option, methods] : options) {
    const auto base = methods.find(baseline);
    if (base == methods.end()) continue;
    const bool differs = std::any_of(methods.begin(), methods.end(), [&](const auto& method) {
      return method.second != base->second;
    });
    if (!differs) continue;
    std::vector<std::string> each;
    for (const auto& [method, values] : methods) {
      each.push_back(fmt::format("{} {}", method, fmt::join(values, " or ")));
    }
    parts.push_back(fmt::format("{} ({})", option, fmt::join(each, ", ")));
  }
  if (parts.empty()) return {};
  return fmt::format(
      " The methods also differ in {}, an option that {} has too: part of their difference may be "
      "due to it.",
      fmt::join(parts, " and "), baseline);
}

}  // namespace spurion::analysis
