#include "harness/suite/added_options.hpp"

namespace spurion::harness {

const std::vector<AddedOption>& added_options() {
  static const std::vector<AddedOption> options = {{"optimizer", "schedule", "constant"},
                                                   {"optimizer", "warmup_fraction", 0.0},
                                                   {"optimizer", "cooldown_fraction", 0.2},
                                                   {"optimizer", "final_lr_multiplier", 0.0},
                                                   {"optimizer", "lr_multipliers", Value::Table{}}};
  return options;
}

Value without_added(const std::string& section, const Value& options) {
  if (!options.is_table()) return options;
  Value out = options;
  for (const AddedOption& added : added_options()) {
    if (section != added.section) continue;
    const Value* value = options.find(added.name);
    if (value != nullptr && *value == added.default_value) out.as_table().erase(added.name);
  }
  return out;
}

Value with_added(const std::string& section, const Value& options) {
  if (!options.is_table() || options.as_table().empty()) return options;
  Value out = options;
  for (const AddedOption& added : added_options()) {
    if (section != added.section || options.find(added.name) != nullptr) continue;
    out.as_table()[added.name] = added.default_value;
  }
  return out;
}

}  // namespace spurion::harness
