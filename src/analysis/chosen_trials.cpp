#include "analysis/chosen_trials.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "core/nearest_names.hpp"
#include "spurion/analysis/trial_fields.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

/// "method=erm"
struct Condition {
  std::string field;
  std::string value;
};

std::vector<Condition> conditions_of(const std::string& text) {
  std::vector<Condition> conditions;
  if (text == "all") return conditions;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string one = text.substr(begin, end - begin);
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == one.size()) {
      throw UsageError(fmt::format(
          "trials are chosen with 'all' or with conditions such as method=erm,seed=0; got '{}'",
          text));
    }
    conditions.push_back({one.substr(0, equals), one.substr(equals + 1)});
    begin = end + 1;
  }
  return conditions;
}

std::optional<Value> value_of(const TrialSpec& trial, const std::string& field) {
  if (field == "seed") return Value(trial.seed);
  if (field == "config_index") return Value(trial.config_index);
  if (field == "experiment") return Value(trial.experiment);
  return field_of(trial, field);
}

bool is_said(const Value& value, const std::string& text) {
  if (value.is_string()) return value.as_string() == text;
  if (value.is_number()) {
    double number = 0.0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && rest == end && number == value.as_number();
  }
  return value.canonical_json() == text;
}

bool meets(const TrialSpec& trial, const Condition& condition) {
  const std::optional<Value> value = value_of(trial, condition.field);
  return value && is_said(*value, condition.value);
}

/// What is wrong with a condition that no trial meets.
std::string unmet(const Condition& condition, const std::vector<TrialSpec>& trials) {
  std::set<std::string> values;
  std::set<std::string> fields = {"seed", "config_index", "experiment"};
  for (const TrialSpec& trial : trials) {
    if (const auto value = value_of(trial, condition.field)) {
      values.insert(value->is_string() ? value->as_string() : value->canonical_json());
    } else if (values.empty()) {
      for (const std::string& name : field_names(trial)) fields.insert(name);
    }
  }
  constexpr std::size_t kShown = 12;
  if (!values.empty()) {
    const bool all = values.size() <= kShown;
    const std::vector<std::string> shown(
        values.begin(),
        std::next(values.begin(), static_cast<std::ptrdiff_t>(std::min(values.size(), kShown))));
    return fmt::format("no trial has {}={} (values: {}{})", condition.field, condition.value,
                       fmt::join(shown, ", "), all ? "" : " ...");
  }
  const std::vector<std::string> near =
      core::nearest_names(condition.field, {fields.begin(), fields.end()}, 3);
  return fmt::format(
      "no trial has a field '{}'{}", condition.field,
      near.empty() ? std::string() : fmt::format("; did you mean {}?", fmt::join(near, ", ")));
}

}  // namespace

std::function<bool(const TrialSpec&)> chosen_trials(const std::string& text) {
  return [conditions = conditions_of(text)](const TrialSpec& trial) {
    return std::all_of(conditions.begin(), conditions.end(),
                       [&](const Condition& one) { return meets(trial, one); });
  };
}

void check_chosen(const std::string& text, const std::vector<TrialSpec>& trials) {
  const auto chosen = chosen_trials(text);
  if (trials.empty() || std::any_of(trials.begin(), trials.end(), chosen)) return;
  for (const Condition& one : conditions_of(text)) {
    const bool met = std::any_of(trials.begin(), trials.end(),
                                 [&](const TrialSpec& trial) { return meets(trial, one); });
    if (!met) throw UsageError(unmet(one, trials));
  }
  throw UsageError(fmt::format("no trial meets all of {}", text));
}

}  // namespace spurion::analysis
