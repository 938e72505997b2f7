#include "harness/suite/added_options.hpp"

#include <algorithm>

namespace spurion::harness {

namespace {

/// The added options of a section, or of a component of it.
std::vector<const AddedOption*> added_to(const std::string& section, const std::string& component) {
  std::vector<const AddedOption*> found;
  for (const AddedOption& added : added_options()) {
    if (section == added.section && component == added.component) found.push_back(&added);
  }
  return found;
}

/// Whether an entry is one of these options and has its default.
bool is_default(const std::vector<const AddedOption*>& all, const std::string& name,
                const Value& value) {
  return std::any_of(all.begin(), all.end(), [&](const AddedOption* added) {
    return name == added->name && value == added->default_value;
  });
}

/// As JSON; names of options mostly are plain.
void append_name(const std::string& name, std::string& text) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!plain) {
    text += Value(name).canonical_json();
    return;
  }
  text += '"';
  text += name;
  text += '"';
}

Value without(const std::vector<const AddedOption*>& all, const Value& options) {
  if (all.empty() || !options.is_table()) return options;
  Value out = options;
  for (const AddedOption* added : all) {
    const Value* value = options.find(added->name);
    if (value != nullptr && *value == added->default_value) out.as_table().erase(added->name);
  }
  return out;
}

Value with(const std::vector<const AddedOption*>& all, const Value& options) {
  if (all.empty() || !options.is_table()) return options;
  Value out = options;
  for (const AddedOption* added : all) {
    if (options.find(added->name) != nullptr) continue;
    out.as_table()[added->name] = added->default_value;
  }
  return out;
}

}  // namespace

const std::vector<AddedOption>& added_options() {
  static const std::vector<AddedOption> options = {
      {"optimizer", "", "schedule", "constant"},
      {"optimizer", "", "warmup_fraction", 0.0},
      {"optimizer", "", "cooldown_fraction", 0.2},
      {"optimizer", "", "final_lr_multiplier", 0.0},
      {"optimizer", "", "lr_multipliers", Value::Table{}},
      {"training", "", "held_out_domain", std::int64_t{-1}},
      {"evaluation", "", "probes", Value::List{}},
      {"evaluation", "", "probe_rows", std::int64_t{500}},
      {"model", "mlp", "normalisation", "none"},
      {"model", "mlp", "activation", "relu"},
      {"model", "cnn", "normalisation", "group"},
      {"model", "mlp", "parametrisation", "standard"},
      {"model", "mlp", "base_width", std::int64_t{64}},
      {"model", "cnn", "parametrisation", "standard"},
      {"model", "cnn", "base_width", std::int64_t{64}},
      {"model", "gru", "parametrisation", "standard"},
      {"model", "gru", "base_width", std::int64_t{64}},
      {"model", "causal_transformer", "parametrisation", "standard"},
      {"model", "causal_transformer", "base_width", std::int64_t{64}},
      {"environment", "two_shortcuts", "class_share", 0.5},
      {"environment", "continually_confounded", "class_share", 0.5},
      {"environment", "control_no_shift", "class_share", 0.5},
      {"environment", "textured_shapes", "class_share", 0.5},
      {"environment", "textured_shapes", "test_cues", Value::List{}},
      {"environment", "textured_shapes", "one_cue_each", false},
      {"regime", "offline", "interventions", false},
      {"method", "group_dro", "groups", "domain"},
      {"method", "group_dro", "adjustment", 0.0},
      {"method", "group_dro", "sampling", "shuffled"},
      {"method", "reweighted_erm", "by", "group"},
      {"method", "subsampled_erm", "by", "group"},
      {"method", "random_penalty", "smoothing", 0.95}};
  return options;
}

Value without_added(const std::string& section, const Value& options) {
  return without(added_to(section, ""), options);
}

Component without_added(const std::string& section, const Component& component) {
  return {component.name, without(added_to(section, component.name), component.options)};
}

std::string written_text(const std::string& section, const std::string& component,
                         const Value& options, const std::vector<std::string>& left_out) {
  if (!options.is_table()) return options.canonical_json();
  const std::vector<const AddedOption*> added = added_to(section, component);
  if (added.empty() && left_out.empty()) return options.canonical_json();
  // Written entry by entry: a copy without them would take longer than the text.
  std::string text = "{";
  for (const auto& [name, value] : options.as_table()) {
    if (is_default(added, name, value)) continue;
    if (std::find(left_out.begin(), left_out.end(), name) != left_out.end()) continue;
    if (text.size() > 1) text += ',';
    append_name(name, text);
    text += ':';
    text += value.canonical_json();
  }
  text += '}';
  return text;
}

Value with_added(const std::string& section, const Value& options) {
  if (!options.is_table() || options.as_table().empty()) return options;
  return with(added_to(section, ""), options);
}

Component with_added(const std::string& section, const Component& component) {
  return {component.name, with(added_to(section, component.name), component.options)};
}

}  // namespace spurion::harness
