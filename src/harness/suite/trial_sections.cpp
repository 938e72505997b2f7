#include "harness/suite/trial_sections.hpp"

namespace spurion::harness {

const std::vector<std::string>& section_names() {
  static const std::vector<std::string> names = {"environment", "model",    "method",    "regime",
                                                 "optimizer",   "training", "evaluation"};
  return names;
}

bool is_component(const std::string& section) {
  return section == "environment" || section == "model" || section == "method" ||
         section == "regime";
}

void merge_section(Value& sections, const std::string& section, const Value& given) {
  Value& target = sections.as_table()[section];
  const Value* name = given.find("name");
  if (is_component(section) && name != nullptr) {
    const Value* current = target.find("name");
    if (current == nullptr || *current != *name) target = Value::Table{};
  }
  target.set_where(given.where());
  for (const auto& [key, value] : given.as_table()) target.as_table()[key] = value;
}

}  // namespace spurion::harness
