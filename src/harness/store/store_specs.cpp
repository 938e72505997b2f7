#include "harness/store/store_specs.hpp"

#include <charconv>

#include "harness/suite/added_options.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

[[noreturn]] void refuse_spec() { throw UsageError("not the canonical text of a trial"); }

/// Index behind the string that begins at `at`.
std::size_t after_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

/// Index behind the value that begins at `at`.
std::size_t after_value(std::string_view text, std::size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = after_string(text, at);
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}')) return at;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++at;
  }
  refuse_spec();
}

std::int64_t integer_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size()) refuse_spec();
  return number;
}

Value read_table(const std::string& text) {
  Value value = parse_json(text, "trial");
  if (!value.is_table()) refuse_spec();
  return value;
}

Component read_component(const std::string& text) {
  const Value whole = read_table(text);
  const Value* name = whole.find("name");
  const Value* options = whole.find("options");
  if (name == nullptr || !name->is_string()) refuse_spec();
  if (options == nullptr || !options->is_table()) refuse_spec();
  return {name->as_string(), *options};
}

}  // namespace

void SpecReader::find_members(std::string_view text) {
  members_.clear();
  if (text.empty() || text.front() != '{') refuse_spec();
  std::size_t at = 1;
  while (at < text.size() && text[at] == '"') {
    const std::size_t name_end = after_string(text, at);
    const std::size_t end = name_end < text.size() ? after_value(text, name_end + 1) : text.size();
    if (end >= text.size()) refuse_spec();
    members_.emplace_back(text.substr(at + 1, name_end - at - 2),
                          text.substr(name_end + 1, end - name_end - 1));
    at = end + 1;
  }
}

std::string_view SpecReader::member(std::string_view name) const {
  for (const auto& [own, text] : members_) {
    if (own == name) return text;
  }
  refuse_spec();
}

TrialSpec SpecReader::read(std::string_view canonical_json) {
  find_members(canonical_json);
  const auto component = [&](std::size_t number, const char* name) {
    return components_[number].of(member(name), [&](const std::string& text) {
      return with_added(name, read_component(text));
    });
  };
  const auto value = [&](std::size_t number, const char* name) {
    return values_[number].of(
        member(name), [&](const std::string& text) { return with_added(name, read_table(text)); });
  };
  TrialSpec spec;
  spec.environment = component(0, "environment");
  spec.model = component(1, "model");
  spec.method = component(2, "method");
  spec.regime = component(3, "regime");
  spec.optimizer = value(0, "optimizer");
  spec.training = value(1, "training");
  spec.evaluation = value(2, "evaluation");
  spec.seed = integer_of(member("seed"));
  spec.base_seed = integer_of(member("base_seed"));
  spec.config_index = integer_of(member("config_index"));
  return spec;
}

}  // namespace spurion::harness
