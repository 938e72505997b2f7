#include "harness/store/store_specs.hpp"

#include <charconv>
#include <map>

#include "spurion/error.hpp"

namespace spurion {

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

/// The texts of the members of an object, by name.
std::map<std::string_view, std::string_view> members_of(std::string_view text) {
  std::map<std::string_view, std::string_view> members;
  if (text.empty() || text.front() != '{') refuse_spec();
  std::size_t at = 1;
  while (at < text.size() && text[at] == '"') {
    const std::size_t name_end = after_string(text, at);
    const std::size_t end = name_end < text.size() ? after_value(text, name_end + 1) : text.size();
    if (end >= text.size()) refuse_spec();
    members[text.substr(at + 1, name_end - at - 2)] = text.substr(name_end + 1, end - name_end - 1);
    at = end + 1;
  }
  return members;
}

std::int64_t integer_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size()) refuse_spec();
  return number;
}

}  // namespace

const Component& SpecReader::component(std::string_view text) {
  const auto [place, added] = components_.try_emplace(std::string(text));
  if (added) {
    const Value whole = parse_json(place->first, "trial");
    const Value* name = whole.is_table() ? whole.find("name") : nullptr;
    const Value* options = name == nullptr ? nullptr : whole.find("options");
    if (options == nullptr || !name->is_string()) refuse_spec();
    place->second = {name->as_string(), *options};
  }
  return place->second;
}

const Value& SpecReader::value(std::string_view text) {
  const auto [place, added] = values_.try_emplace(std::string(text));
  if (added) place->second = parse_json(place->first, "trial");
  return place->second;
}

TrialSpec SpecReader::read(std::string_view canonical_json) {
  const auto members = members_of(canonical_json);
  const auto text = [&](const char* name) {
    const auto found = members.find(name);
    if (found == members.end()) refuse_spec();
    return found->second;
  };
  TrialSpec spec;
  spec.environment = component(text("environment"));
  spec.model = component(text("model"));
  spec.method = component(text("method"));
  spec.regime = component(text("regime"));
  spec.optimizer = value(text("optimizer"));
  spec.training = value(text("training"));
  spec.evaluation = value(text("evaluation"));
  spec.seed = integer_of(text("seed"));
  spec.base_seed = integer_of(text("base_seed"));
  spec.config_index = integer_of(text("config_index"));
  return spec;
}

}  // namespace spurion
