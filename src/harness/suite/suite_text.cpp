#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/suite/search_range.hpp"
#include "harness/suite/trial_sections.hpp"
#include "spurion/error.hpp"
#include "spurion/suite.hpp"

namespace spurion {

namespace {

/// A basic string of TOML; its escapes are JSON's, but for the one control character JSON lets be.
std::string quoted(const std::string& text) {
  std::string out =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  for (auto at = out.find('\x7f'); at != std::string::npos; at = out.find('\x7f', at)) {
    out.replace(at, 1, "\\u007f");
  }
  return out;
}

std::string key_text(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    const auto letter = static_cast<unsigned char>(c);
    return letter < 0x80 && (std::isalnum(letter) != 0 || c == '_' || c == '-');
  });
  return bare ? key : quoted(key);
}

std::string value_toml(const Value& value) {
  if (value.is_string()) return quoted(value.as_string());
  if (value.is_list()) {
    std::vector<std::string> items;
    for (const Value& item : value.as_list()) items.push_back(value_toml(item));
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
  if (value.is_table()) {
    std::vector<std::string> items;
    for (const auto& [key, item] : value.as_table()) {
      items.push_back(key_text(key) + " = " + value_toml(item));
    }
    return items.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(items, ", "));
  }
  // What JSON writes as text because it has no name for it has one in TOML: inf, -inf and nan.
  if (value.is_number() && !value.is_integer() && !std::isfinite(value.as_number())) {
    return fmt::format("{}", value.as_number());
  }
  return value.canonical_json();
}

void append(std::string& out, const std::string& key, const Value& value) {
  out += key_text(key) + " = " + value_toml(value) + '\n';
}

void append_texts(std::string& out, const char* key, const std::vector<std::string>& texts) {
  Value::List list;
  for (const std::string& text : texts) list.emplace_back(text);
  append(out, key, list);
}

void append_search(std::string& out, const Experiment& experiment) {
  out += "[experiment.search]\n";
  append(out, "configurations", experiment.configurations);
  if (experiment.search_strategy != SearchStrategy::random) {
    append(out, "strategy", search_strategy_name(experiment.search_strategy));
  }
  append_texts(out, "fields", experiment.search_fields);
  if (!experiment.search_ranges.empty()) {
    out += "[experiment.search.ranges]\n";
    for (const auto& [field, search] : experiment.search_ranges) {
      append(out, field, harness::search_value(search));
    }
  }
  if (!experiment.search_values.empty()) {
    out += "[experiment.search.values]\n";
    for (const auto& [field, values] : experiment.search_values) append(out, field, values);
  }
}

void append_experiment(std::string& out, const Experiment& experiment) {
  out += "\n[[experiment]]\n";
  append(out, "name", experiment.name);
  if (!experiment.title.empty()) append(out, "title", experiment.title);
  append(out, "seeds", experiment.seeds);
  for (const std::string& section : harness::section_names()) {
    if (const Value* given = experiment.sections.find(section)) append(out, section, *given);
  }
  if (!experiment.grid.as_table().empty()) {
    out += "[experiment.grid]\n";
    for (const auto& [axis, values] : experiment.grid.as_table()) append(out, axis, values);
  }
  if (experiment.configurations > 0) append_search(out, experiment);
}

void append_quick(std::string& out, const QuickSize& quick) {
  if (quick.seeds == 0 && quick.experiments.empty() && !quick.left_out) return;
  out += "\n[quick]\n";
  if (quick.seeds > 0) append(out, "seeds", quick.seeds);
  if (quick.left_out) append(out, "left_out", true);
  if (!quick.experiments.empty()) append_texts(out, "experiments", quick.experiments);
}

void append_stopping(std::string& out, const Stopping& stopping) {
  if (!stopping.when_decided && stopping.looks.empty() && stopping.margin == 0.0) return;
  out += "\n[stopping]\n";
  append(out, "stop_when", stopping.when_decided ? "decided" : "never");
  if (!stopping.looks.empty()) {
    Value::List looks;
    for (const std::int64_t seeds : stopping.looks) looks.emplace_back(seeds);
    append(out, "looks", looks);
  }
  if (stopping.margin != 0.0) append(out, "margin", stopping.margin);
}

void append_question(std::string& out, const AskedQuestion& question) {
  out += "\n[[question]]\n";
  append(out, "text", question.text);
  append(out, "kind", question.kind);
  append(out, "experiment", question.experiment);
  for (const auto& [key, value] : question.options.as_table()) {
    if (key != "text" && key != "kind" && key != "experiment") append(out, key, value);
  }
}

}  // namespace

std::string Suite::to_toml() const {
  std::string out;
  append(out, "name", name);
  if (!title.empty()) append(out, "title", title);
  append(out, "base_seed", base_seed);
  if (!plugins.empty()) append_texts(out, "plugins", plugins);
  append_quick(out, quick);
  append_stopping(out, stopping);
  for (const Experiment& experiment : experiments) append_experiment(out, experiment);
  for (const AskedQuestion& question : questions) append_question(out, question);
  return out;
}

std::string Suite::stored_text() const {
  const std::string own = to_toml();
  if (text.empty()) return own;
  try {
    if (parse(text, name).to_toml() == own) return text;
  } catch (const UsageError&) {
    // text that is no suite any more is not this one
  }
  return own;
}

}  // namespace spurion
