#include "spurion/value.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "spurion/error.hpp"

namespace spurion {

std::string SourcePosition::text() const {
  if (file.empty()) return {};
  return line > 0 ? fmt::format("{}:{}:{}", file, line, column) : file;
}

namespace {

[[noreturn]] void wrong_access(const Value& value, const char* wanted) {
  throw LogicError(
      fmt::format("value {} is a {}, not a {}", value.canonical_json(), value.type_name(), wanted));
}

}  // namespace

bool Value::as_bool() const {
  if (!is_bool()) wrong_access(*this, "boolean");
  return std::get<bool>(data_);
}

std::int64_t Value::as_integer() const {
  if (!is_integer()) wrong_access(*this, "integer");
  return std::get<std::int64_t>(data_);
}

double Value::as_number() const {
  if (is_integer()) return static_cast<double>(std::get<std::int64_t>(data_));
  if (!is_number()) wrong_access(*this, "number");
  return std::get<double>(data_);
}

const std::string& Value::as_string() const {
  if (!is_string()) wrong_access(*this, "string");
  return std::get<std::string>(data_);
}

const Value::List& Value::as_list() const {
  if (!is_list()) wrong_access(*this, "list");
  return std::get<List>(data_);
}

const Value::Table& Value::as_table() const {
  if (!is_table()) wrong_access(*this, "table");
  return std::get<Table>(data_);
}

Value::List& Value::as_list() {
  if (!is_list()) wrong_access(*this, "list");
  return std::get<List>(data_);
}

Value::Table& Value::as_table() {
  if (!is_table()) wrong_access(*this, "table");
  return std::get<Table>(data_);
}

const char* Value::type_name() const {
  constexpr const char* kNames[] = {"boolean", "integer", "number", "string", "list", "table"};
  return kNames[data_.index()];
}

const Value* Value::find(const std::string& key) const {
  const auto& table = as_table();
  const auto found = table.find(key);
  return found == table.end() ? nullptr : &found->second;
}

std::string Value::canonical_json() const {
  if (is_bool()) return as_bool() ? "true" : "false";
  if (is_integer()) return fmt::format("{}", as_integer());
  if (is_string()) {
    return nlohmann::json(as_string())
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  if (is_list()) {
    std::string text = "[";
    for (const Value& item : as_list()) {
      if (text.size() > 1) text += ',';
      text += item.canonical_json();
    }
    return text + ']';
  }
  if (is_table()) {
    std::string text = "{";
    for (const auto& [key, value] : as_table()) {
      if (text.size() > 1) text += ',';
      text += nlohmann::json(key).dump() + ':' + value.canonical_json();
    }
    return text + '}';
  }
  const double number = std::get<double>(data_);
  // JSON has no infinities; as strings they stay distinct and readable.
  if (!std::isfinite(number)) return fmt::format("\"{}\"", number);
  std::string text = fmt::format("{}", number);
  // A float that happens to be whole keeps its point, so that it reads back as a float.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

namespace {

Value from_json(const nlohmann::json& json, const std::string& name) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    Value::List list;
    for (const auto& item : json) list.push_back(from_json(item, name));
    return list;
  }
  if (json.is_object()) {
    Value::Table table;
    for (const auto& [key, item] : json.items()) table.emplace(key, from_json(item, name));
    return table;
  }
  throw UsageError(name + ": null is not a value here");
}

}  // namespace

Value parse_json(const std::string& text, const std::string& name) {
  try {
    return from_json(nlohmann::json::parse(text), name);
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(fmt::format("{}: not valid JSON: {}", name, error.what()));
  }
}

}  // namespace spurion
