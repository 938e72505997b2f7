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
#include <vector>

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

namespace {

/// Which options of one section differ between trials.
class DifferingOptions {
 public:
  /// Notes the options of a trial, whose memory must stay.
  void add(const ValueTable& options) {
    if (&options == last_ || !known_.insert(&options).second) return;
    last_ = &options;
    std::size_t column = 0;
    for (const auto& [option, value] : options) {
      Seen& seen = seen_at(column++, option);
      if (seen.first.empty()) {
        seen.first = value.canonical_json();
      } else if (!seen.differs) {
        seen.differs = value.canonical_json() != seen.first;
      }
    }
  }
  /// Adds their names to `all`.
  void tell(const std::string& section, std::set<std::string>& all) const {
    for (const auto& [option, seen] : seen_) {
      if (seen.differs) all.insert(fmt::format("{}.{}", section, option));
    }
  }

 private:
  struct Seen {
    std::string first;  ///< value, as text, which is never empty
    bool differs = false;
  };

  Seen& seen_at(std::size_t column, const std::string& option) {
    if (column >= columns_.size()) columns_.resize(column + 1, nullptr);
    auto*& place = columns_[column];
    if (place == nullptr || place->first != option) place = &*seen_.try_emplace(option).first;
    return place->second;
  }

  std::map<std::string, Seen> seen_;
  std::vector<std::pair<const std::string, Seen>*>
      columns_;                            ///< tables often have the same options
  std::unordered_set<const void*> known_;  ///< that trials share in memory
  const void* last_ = nullptr;             ///< neighbours often do
};

}  // namespace

std::set<std::string> differing_options(const std::vector<const TrialResult*>& trials) {
  constexpr std::size_t kSections = 7;
  std::array<DifferingOptions, kSections> sections;
  std::array<const char*, kSections> names{};
  for (const TrialResult* trial : trials) {
    std::size_t number = 0;
    for (const auto& [section, options] : sections_of(trial->spec)) {
      const std::size_t i = number++;
      names[i] = section;
      if (options->is_table()) sections[i].add(options->as_table());
    }
  }
  std::set<std::string> differing;
  for (std::size_t i = 0; i < kSections; ++i) {
    if (names[i] != nullptr) sections[i].tell(names[i], differing);
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
