#include "spurion/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/place_of.hpp"

namespace spurion {

std::string Bounds::text() const {
  if (!words.empty()) return fmt::format("one of: {}", fmt::join(words, ", "));
  const bool has_low = std::isfinite(low);
  const bool has_high = std::isfinite(high);
  if (has_low && has_high) {
    return fmt::format("in {}{}, {}{}", low_open ? '(' : '[', low, high, high_open ? ')' : ']');
  }
  if (has_low) return fmt::format("{} {}", low_open ? ">" : ">=", low);
  if (has_high) return fmt::format("{} {}", high_open ? "<" : "<=", high);
  return {};
}

std::string Search::text() const {
  switch (kind) {
    case Kind::fixed:
      return {};
    case Kind::uniform:
      return fmt::format("uniform in [{}, {}]", low, high);
    case Kind::log_uniform:
      return fmt::format("log-uniform in [{}, {}]", low, high);
    case Kind::one_minus_log_uniform:
      return fmt::format("1 - log-uniform in [{}, {}]", low, high);
    case Kind::uniform_integer:
      return fmt::format("uniform integer in [{}, {}]", low, high);
    case Kind::log_uniform_integer:
      return fmt::format("log-uniform integer in [{}, {}]", low, high);
    case Kind::choice: {
      std::vector<std::string> items;
      for (const Value& value : choices) items.push_back(value.canonical_json());
      return fmt::format("one of {}", fmt::join(items, ", "));
    }
  }
  return {};
}

Value Search::draw(const RandomKey& key) const { return quantile(RandomStream(key).uniform(0)); }

Value Search::quantile(double u) const {
  const auto log_scale = [&] {
    return std::exp(std::log(low) + u * (std::log(high) - std::log(low)));
  };
  const auto clamp_integer = [&](double value) {
    return static_cast<std::int64_t>(std::clamp(std::floor(value), low, high));
  };
  switch (kind) {
    case Kind::uniform:
      return low + u * (high - low);
    case Kind::log_uniform:
      return std::clamp(log_scale(), low, high);
    case Kind::one_minus_log_uniform:
      return 1.0 - std::clamp(log_scale(), low, high);
    case Kind::uniform_integer:
      return clamp_integer(low + u * (high - low + 1.0));
    case Kind::log_uniform_integer:
      return clamp_integer(log_scale());
    case Kind::choice:
      return choices[static_cast<std::size_t>(u * static_cast<double>(choices.size()))];
    case Kind::fixed:
      break;
  }
  throw LogicError("a fixed field is not drawn");
}

namespace detail {

namespace {

/// What a message says was given: a type, or which of the numbers that are none.
std::string given_text(const Value& value) {
  const bool odd = value.is_number() && !std::isfinite(value.as_number());
  return odd ? fmt::format("{}", value.as_number()) : value.type_name();
}

bool wrong_type(const Value& value, const FieldInfo& field, const std::string& owner,
                const char* expected, Problems& problems) {
  problems.add(fmt::format("{}'{}' of {} expects {}, got {}", core::place_of(value), field.name,
                           owner, expected, given_text(value)));
  return false;
}

bool out_of_range(const Value& value, const FieldInfo& field, const std::string& owner,
                  Problems& problems) {
  problems.add(fmt::format("{}'{}' of {} must be {}, got {}", core::place_of(value), field.name,
                           owner, field.bounds.text(), value.canonical_json()));
  return false;
}

}  // namespace

bool read_bool(const Value& value, const FieldInfo& field, const std::string& owner,
               Problems& problems, bool& out) {
  if (!value.is_bool()) return wrong_type(value, field, owner, "true or false", problems);
  out = value.as_bool();
  return true;
}

bool read_integer(const Value& value, const FieldInfo& field, const std::string& owner,
                  Problems& problems, std::int64_t& out) {
  if (!value.is_integer()) return wrong_type(value, field, owner, "an integer", problems);
  if (!field.bounds.holds(static_cast<double>(value.as_integer()))) {
    return out_of_range(value, field, owner, problems);
  }
  out = value.as_integer();
  return true;
}

bool read_number(const Value& value, const FieldInfo& field, const std::string& owner,
                 Problems& problems, double& out) {
  if (!value.is_number()) return wrong_type(value, field, owner, "a number", problems);
  // JSON, in which trials are stored, has no other numbers.
  if (!std::isfinite(value.as_number())) {
    return wrong_type(value, field, owner, "a finite number", problems);
  }
  if (!field.bounds.holds(value.as_number())) return out_of_range(value, field, owner, problems);
  out = value.as_number();
  return true;
}

bool read_string(const Value& value, const FieldInfo& field, const std::string& owner,
                 Problems& problems, std::string& out) {
  const auto& words = field.bounds.words;
  if (!value.is_string()) {
    const std::string expected =
        words.empty() ? "a string" : fmt::format("a string, {}", field.bounds.text());
    return wrong_type(value, field, owner, expected.c_str(), problems);
  }
  if (!words.empty() && std::find(words.begin(), words.end(), value.as_string()) == words.end()) {
    const std::string nearest = nearest_name(value.as_string(), words);
    problems.add(fmt::format("{}'{}' of {} must be {}, got '{}'{}", core::place_of(value),
                             field.name, owner, field.bounds.text(), value.as_string(),
                             nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
    return false;
  }
  out = value.as_string();
  return true;
}

bool is_table(const Value& value, const std::string& whose, Problems& problems) {
  if (value.is_table()) return true;
  problems.add(
      fmt::format("{}{} expects a table, got {}", core::place_of(value), whose, value.type_name()));
  return false;
}

template <>
const FieldFunctions& field_functions<bool>() {
  return ByAddress<bool>::functions();
}
template <>
const FieldFunctions& field_functions<std::int64_t>() {
  return ByAddress<std::int64_t>::functions();
}
template <>
const FieldFunctions& field_functions<double>() {
  return ByAddress<double>::functions();
}
template <>
const FieldFunctions& field_functions<std::string>() {
  return ByAddress<std::string>::functions();
}
template <>
const FieldFunctions& field_functions<std::optional<double>>() {
  return ByAddress<std::optional<double>>::functions();
}
template <>
const FieldFunctions& field_functions<std::vector<std::int64_t>>() {
  return ByAddress<std::vector<std::int64_t>>::functions();
}
template <>
const FieldFunctions& field_functions<std::vector<double>>() {
  return ByAddress<std::vector<double>>::functions();
}
template <>
const FieldFunctions& field_functions<std::vector<std::string>>() {
  return ByAddress<std::vector<std::string>>::functions();
}
template <>
const FieldFunctions& field_functions<PerReplica<std::int64_t>>() {
  return ByAddress<PerReplica<std::int64_t>>::functions();
}
template <>
const FieldFunctions& field_functions<PerReplica<double>>() {
  return ByAddress<PerReplica<double>>::functions();
}

}  // namespace detail

}  // namespace spurion
