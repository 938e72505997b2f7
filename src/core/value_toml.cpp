#include <fmt/format.h>

#include <toml++/toml.h>

#include <string>
#include <string_view>

#include "core/printable.hpp"
#include "core/text_file.hpp"
#include "core/toml_depth.hpp"
#include "spurion/error.hpp"
#include "spurion/value.hpp"

namespace spurion {

namespace {

/// What toml++ says, in one line: it quotes what it read as it is, line ends too.
std::string in_one_line(std::string_view description) {
  std::string line;
  for (const char c : description) line += c == '\n' ? std::string("\\n") : std::string(1, c);
  return core::printable(line);
}

Value convert(const toml::node& node, const std::string& name) {
  const auto& begin = node.source().begin;
  const SourcePosition where{name, static_cast<int>(begin.line), static_cast<int>(begin.column)};
  Value value;
  if (const auto* table = node.as_table()) {
    Value::Table entries;
    for (const auto& [key, item] : *table) {
      entries.emplace(std::string(key.str()), convert(item, name));
    }
    value = std::move(entries);
  } else if (const auto* array = node.as_array()) {
    Value::List items;
    for (const auto& item : *array) items.push_back(convert(item, name));
    value = std::move(items);
  } else if (const auto* text = node.as_string()) {
    value = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value = std::int64_t{integer->get()};
  } else if (const auto* number = node.as_floating_point()) {
    value = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value = boolean->get();
  } else {
    throw UsageError(fmt::format("{}: dates and times are not supported", where.text()));
  }
  value.set_where(where);
  return value;
}

}  // namespace

Value parse_toml(const std::string& text, const std::string& name) {
  core::check_toml_depth(text, name);
  try {
    return convert(toml::parse(text), name);
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    throw UsageError(fmt::format("{}:{}:{}: {}", name, begin.line, begin.column,
                                 in_one_line(error.description())));
  }
}

Value read_toml(const std::filesystem::path& path) {
  return parse_toml(core::read_text(path), path.filename().string());
}

}  // namespace spurion
