#include "spurion/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>
#include <limits>
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

Value::Value(List value) : data_(std::make_shared<List>(std::move(value))) {}

Value::Value(Table value)
    : data_(value.empty() ? std::shared_ptr<Table>() : std::make_shared<Table>(std::move(value))) {
  if (auto& table = std::get<std::shared_ptr<Table>>(data_)) table->shrink_to_fit();
}

std::size_t ValueTable::place_of(const std::string& name) const {
  // Entries are often added in their order.
  if (!entries_.empty() && entries_.back().first < name) return entries_.size();
  const auto place = std::lower_bound(
      entries_.begin(), entries_.end(), name,
      [](const value_type& entry, const std::string& one) { return entry.first < one; });
  return static_cast<std::size_t>(place - entries_.begin());
}

void ValueTable::no_entry(const std::string& name) {
  throw LogicError(fmt::format("a table has no entry '{}'", name));
}

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
  return *std::get<Text>(data_);
}

namespace {

/// What is shared is copied before it is changed.
template <class Part>
Part& own(std::shared_ptr<Part>& part) {
  if (part == nullptr) {
    part = std::make_shared<Part>();
  } else if (part.use_count() > 1) {
    part = std::make_shared<Part>(*part);
  } else {
    // Whoever let go of it last, in another thread, has finished reading it.
    std::atomic_thread_fence(std::memory_order_acquire);
  }
  return *part;
}

}  // namespace

const Value::List& Value::as_list() const {
  if (!is_list()) wrong_access(*this, "list");
  return *std::get<std::shared_ptr<List>>(data_);
}

const Value::Table& Value::as_table() const {
  static const Table empty;
  if (!is_table()) wrong_access(*this, "table");
  const auto& table = std::get<std::shared_ptr<Table>>(data_);
  return table == nullptr ? empty : *table;
}

Value::List& Value::as_list() {
  if (!is_list()) wrong_access(*this, "list");
  return own(std::get<std::shared_ptr<List>>(data_));
}

Value::Table& Value::as_table() {
  if (!is_table()) wrong_access(*this, "table");
  return own(std::get<std::shared_ptr<Table>>(data_));
}

const SourcePosition& Value::where() const {
  static const SourcePosition nowhere;
  return where_ == nullptr ? nowhere : *where_;
}

void Value::set_where(SourcePosition where) {
  where_ = std::make_shared<const SourcePosition>(std::move(where));
}

bool operator==(const Value& a, const Value& b) {
  if (a.data_.index() != b.data_.index()) return false;
  if (a.is_string()) return a.as_string() == b.as_string();
  if (a.is_list()) return a.as_list() == b.as_list();
  if (a.is_table()) return a.as_table() == b.as_table();
  return a.data_ == b.data_;
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

namespace {

/// Printable ASCII needs no more than quotes; anything else is left to the JSON library.
void append_quoted(const std::string& value, std::string& text) {
  for (const char c : value) {
    if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') continue;
    text += nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  text += '"';
  text += value;
  text += '"';
}

void append_number(double number, std::string& text) {
  // JSON has no infinities; as strings they stay distinct and readable.
  if (!std::isfinite(number)) {
    fmt::format_to(std::back_inserter(text), "\"{}\"", number);
    return;
  }
  const std::size_t start = text.size();
  fmt::format_to(std::back_inserter(text), "{}", number);
  // A float that happens to be whole keeps its point, so that it reads back as a float.
  if (text.find_first_of(".e", start) == std::string::npos) text += ".0";
}

}  // namespace

std::string Value::canonical_json() const {
  std::string text;
  append_json(text);
  return text;
}

void Value::append_json(std::string& text) const {
  if (is_bool()) {
    text += as_bool() ? "true" : "false";
  } else if (is_integer()) {
    fmt::format_to(std::back_inserter(text), "{}", as_integer());
  } else if (is_string()) {
    append_quoted(as_string(), text);
  } else if (is_list()) {
    text += '[';
    const char* between = "";
    for (const Value& item : as_list()) {
      text += between;
      item.append_json(text);
      between = ",";
    }
    text += ']';
  } else if (is_table()) {
    text += '{';
    const char* between = "";
    for (const auto& [key, value] : as_table()) {
      text += between;
      append_quoted(key, text);
      text += ':';
      value.append_json(text);
      between = ",";
    }
    text += '}';
  } else {
    append_number(std::get<double>(data_), text);
  }
}

namespace {

constexpr auto kLargestInteger =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

Value from_json(const nlohmann::json& json, const std::string& name) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > kLargestInteger) {
    throw UsageError(fmt::format("{}: the integer {} is too large", name, json.dump()));
  }
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
  throw UsageError(name + ": null is not supported");
}

}  // namespace

namespace {

/// The parser holds what is nested in memory, and what frees it recurses.
void check_depth(const std::string& text, const std::string& name) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
      continue;
    }
    quoted = c == '"';
    if (c == ']' || c == '}') --depth;
    if (c != '[' && c != '{') continue;
    if (++depth > kDeepestValue) {
      throw UsageError(fmt::format("{}: the JSON nests lists and objects more than {} deep", name,
                                   kDeepestValue));
    }
  }
}

}  // namespace

Value parse_json(const std::string& text, const std::string& name) {
  check_depth(text, name);
  try {
    return from_json(nlohmann::json::parse(text), name);
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(fmt::format("{}: not valid JSON: {}", name, error.what()));
  }
}

}  // namespace spurion
