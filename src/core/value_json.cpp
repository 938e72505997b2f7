#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "spurion/error.hpp"
#include "spurion/value.hpp"

namespace spurion {

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
    append_number(content_.number, text);
  }
}

namespace {

constexpr auto kLargestInteger =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

/// Makes values of what the parser meets, one after the other: a document of its own beside them
/// would cost more than they do.
class ValueBuilder {
 public:
  explicit ValueBuilder(const std::string& name) : name_(name) {}

  bool null() {
    note(name_ + ": null is not supported");
    return add(Value());
  }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) {
    if (value > kLargestInteger) {
      note(fmt::format("{}: the integer {} is too large", name_, value));
    }
    return add(static_cast<std::int64_t>(value));
  }
  bool number_float(double value, const std::string& /*digits*/) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(nlohmann::json::binary_t& /*value*/) { return false; }  // JSON has none
  bool start_object(std::size_t /*size*/) { return open(false); }
  bool start_array(std::size_t /*size*/) { return open(true); }
  bool key(std::string& key) {
    open_.back().key = std::move(key);
    return true;
  }
  bool end_object() {
    Value::Table table = std::move(open_.back().table);
    open_.pop_back();
    return add(std::move(table));
  }
  bool end_array() {
    Value::List list = std::move(open_.back().list);
    open_.pop_back();
    return add(std::move(list));
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::json::exception& error) {
    // Nothing that is wrong with the values counts beside it.
    throw UsageError(fmt::format("{}: not valid JSON: {}", name_, error.what()));
  }

  /// What was read. Throws `UsageError` where it holds what values cannot.
  Value take() {
    if (!problem_.empty()) throw UsageError(problem_);
    return std::move(whole_);
  }

 private:
  /// A list or table whose end was not met yet.
  struct Open {
    bool is_list = false;
    Value::List list;
    Value::Table table;
    std::string key;  ///< of the entry that comes next
  };

  bool open(bool is_list) {
    open_.emplace_back().is_list = is_list;
    return true;
  }
  bool add(Value value) {
    if (open_.empty()) {
      whole_ = std::move(value);
    } else if (open_.back().is_list) {
      open_.back().list.push_back(std::move(value));
    } else {
      open_.back().table[open_.back().key] = std::move(value);
    }
    return true;
  }
  void note(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  const std::string& name_;
  Value whole_;
  std::vector<Open> open_;
  std::string problem_;
};

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
  ValueBuilder builder(name);
  nlohmann::json::sax_parse(text, &builder);
  return builder.take();
}

}  // namespace spurion
