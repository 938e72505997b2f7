#include "spurion/analysis/trial_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <string_view>
#include <unordered_set>

namespace spurion::analysis {

std::array<std::pair<const char*, const Value*>, 7> sections_of(const TrialSpec& spec) {
  std::array<std::pair<const char*, const Value*>, 7> sections;
  std::size_t i = 0;
  for (const TrialSection& one : spec.sections()) sections[i++] = {one.name, one.options};
  return sections;
}

const Value* option_of(const TrialSpec& spec, const std::string& name) {
  const auto dot = name.find('.');
  if (dot == std::string::npos) return nullptr;
  for (const auto& [section, options] : sections_of(spec)) {
    if (name.compare(0, dot, section) == 0 && options->is_table()) {
      return options->find(name.substr(dot + 1));
    }
  }
  return nullptr;
}

std::optional<Value> field_of(const TrialSpec& spec, const std::string& name) {
  const auto section = spec.section(name);
  if (section && section->component != nullptr) return Value(section->component->name);
  const Value* option = option_of(spec, name);
  return option == nullptr ? std::nullopt : std::optional<Value>(*option);
}

std::vector<std::string> option_names(const TrialSpec& spec) {
  std::vector<std::string> names;
  for (const auto& [section, options] : sections_of(spec)) {
    if (!options->is_table()) continue;
    for (const auto& [field, value] : options->as_table())
      names.push_back(fmt::format("{}.{}", section, field));
  }
  return names;
}

std::vector<std::string> field_names(const TrialSpec& spec) {
  std::vector<std::string> names = option_names(spec);
  for (const TrialSection& section : spec.sections()) {
    if (section.component != nullptr) names.emplace_back(section.name);
  }
  return names;
}

std::set<std::string> differing_options(const std::vector<const TrialResult*>& trials) {
  struct Seen {
    std::string first;  // value, as text
    bool differs = false;
  };
  constexpr std::size_t kSections = 7;
  std::array<std::map<std::string, Seen>, kSections> values;
  std::array<std::unordered_set<const void*>, kSections> known;  // that trials share in memory
  std::array<const void*, kSections> last{};                     // neighbours often do
  std::array<const char*, kSections> names{};
  for (const TrialResult* trial : trials) {
    std::size_t number = 0;
    for (const auto& [section, options] : sections_of(trial->spec)) {
      const std::size_t i = number++;
      names[i] = section;
      if (!options->is_table()) continue;
      const void* place = &options->as_table();
      if (place == last[i] || !known[i].insert(place).second) continue;
      last[i] = place;
      for (const auto& [option, value] : options->as_table()) {
        const auto [seen, added] = values[i].try_emplace(option);
        if (added) {
          seen->second.first = value.canonical_json();
        } else if (!seen->second.differs) {
          seen->second.differs = value.canonical_json() != seen->second.first;
        }
      }
    }
  }
  std::set<std::string> differing;
  for (std::size_t i = 0; i < kSections; ++i) {
    for (const auto& [option, seen] : values[i]) {
      if (seen.differs) differing.insert(fmt::format("{}.{}", names[i], option));
    }
  }
  return differing;
}

namespace {

constexpr std::string_view kMean = ".mean";

bool is_mean(const std::string& name) {
  return name.size() > kMean.size() &&
         name.compare(name.size() - kMean.size(), kMean.size(), kMean) == 0;
}

/// The mean of a list of numbers; nothing for other values and an empty list.
std::optional<AxisValue> mean_of(const Value& value) {
  if (!value.is_list() || value.as_list().empty()) return std::nullopt;
  double sum = 0.0;
  for (const Value& one : value.as_list()) {
    if (!one.is_number()) return std::nullopt;
    sum += one.as_number();
  }
  // Sums of decimals that are the same number on paper differ in their last bits.
  const std::string text =
      fmt::format("{:.12g}", sum / static_cast<double>(value.as_list().size()));
  return AxisValue{std::stod(text), text};
}

/// A cost by the name of its axis; NaN for another name.
double cost_of(const Cost& cost, const std::string& name) {
  if (name == "cost.flops") return cost.flops;
  if (name == "cost.steps") return static_cast<double>(cost.steps);
  if (name == "cost.rows_seen") return static_cast<double>(cost.rows_seen);
  if (name == "cost.labels_used") return static_cast<double>(cost.labels_used);
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::string axis_option(const std::string& name) {
  return is_mean(name) ? name.substr(0, name.size() - kMean.size()) : name;
}

bool is_cost_axis(const std::string& name) { return !std::isnan(cost_of(Cost{}, name)); }

std::optional<AxisValue> axis_value(const TrialResult& trial, const std::string& name) {
  if (!is_cost_axis(name)) return axis_value(trial.spec, name);
  const std::string text = fmt::format("{:.6g}", cost_of(trial.cost, name));
  return AxisValue{std::stod(text), text};
}

std::optional<AxisValue> axis_value(const TrialSpec& spec, const std::string& name) {
  const Value* value = option_of(spec, axis_option(name));
  if (value == nullptr) return std::nullopt;
  if (is_mean(name)) return mean_of(*value);
  if (value->is_number()) return AxisValue{value->as_number(), value->canonical_json()};
  if (value->is_list()) {
    const auto count = static_cast<double>(value->as_list().size());
    return AxisValue{count, fmt::format("{}", count)};
  }
  return std::nullopt;
}

void erase_option(Value& canonical, const std::string& name) {
  const auto dot = name.find('.');
  const auto section = canonical.as_table().find(name.substr(0, dot));
  if (dot == std::string::npos || section == canonical.as_table().end()) return;
  Value& options = section->second;
  Value::Table& table = options.find("options") != nullptr
                            ? options.as_table().at("options").as_table()
                            : options.as_table();
  table.erase(name.substr(dot + 1));
}

bool same_value(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a.as_number() == b.as_number();
  if (a.is_list() && b.is_list()) {
    const Value::List& left = a.as_list();
    const Value::List& right = b.as_list();
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), same_value);
  }
  return a == b;
}

std::string value_text(const Value& value) {
  return value.is_string() ? value.as_string() : value.canonical_json();
}

bool TrialFilter::matches(const TrialSpec& spec) const {
  for (const auto& [name, wanted] : fields.as_table()) {
    const auto value = field_of(spec, name);
    if (!value || !same_value(*value, wanted)) return false;
  }
  return true;
}

}  // namespace spurion::analysis
