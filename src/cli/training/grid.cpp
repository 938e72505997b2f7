#include "cli/training/grid.hpp"

#include <fmt/format.h>

#include <map>

#include "cli/text.hpp"

namespace spurion::cli {

std::string value_text(const Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_list()) {
    std::vector<std::string> items;
    for (const Value& item : value.as_list()) items.push_back(value_text(item));
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
  if (!value.is_table()) return value.canonical_json();
  std::string name;
  std::vector<std::string> items;
  for (const auto& [key, item] : value.as_table()) {
    if (key == "name") {
      name = value_text(item);
    } else {
      items.push_back(fmt::format("{}={}", key, value_text(item)));
    }
  }
  if (items.empty()) return name;
  return fmt::format("{}{}({})", name, name.empty() ? "" : " ", fmt::join(items, ", "));
}

std::string grid_text(const Suite& suite, const std::vector<TrialSpec>& trials, int columns) {
  std::map<std::string, std::int64_t> counts;
  for (const TrialSpec& trial : trials) ++counts[trial.experiment];
  std::string out;
  for (const Experiment& experiment : suite.experiments) {
    out += fmt::format("experiment {}{}\n", experiment.name,
                       experiment.title.empty() ? "" : ": " + experiment.title);
    Table table({"axis", "values"});
    for (const auto& [path, values] : experiment.grid.as_table()) {
      std::vector<std::string> items;
      if (values.is_list()) {
        for (const Value& value : values.as_list()) items.push_back(value_text(value));
      }
      table.add({path, fmt::format("{}", fmt::join(items, ", "))});
    }
    if (experiment.configurations > 0) {
      table.add(
          {"search", fmt::format("{} of {}", count(experiment.configurations, "configuration"),
                                 fmt::join(experiment.search_fields, ", "))});
    }
    table.add(
        {"seeds", experiment.seeds == 1 ? "0" : fmt::format("0 to {}", experiment.seeds - 1)});
    table.add({"", count(counts[experiment.name], "trial")});
    out += table.text(2, columns);
  }
  return out;
}

}  // namespace spurion::cli
