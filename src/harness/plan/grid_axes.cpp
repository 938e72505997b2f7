#include "harness/plan/grid_axes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "core/place_of.hpp"
#include "harness/suite/trial_sections.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// A value that stands twice on an axis would give the same trials twice.
void refuse_repeated(const GridAxis& axis, const Experiment& experiment, Problems& problems) {
  std::unordered_set<std::string> seen;
  for (const Value& value : axis.values) {
    if (seen.insert(value.canonical_json()).second) continue;
    problems.add(fmt::format("{}grid axis '{}' of experiment '{}' has the value {} twice",
                             core::place_of(value), axis.name(), experiment.name,
                             value.canonical_json()));
    return;
  }
}

/// How a grid writes the components of a section: "method = [{ name = \"erm\" }]".
std::string axis_example(const GridAxis& axis) {
  std::vector<std::string> tables;
  for (const Value& value : axis.values) {
    if (value.is_string()) tables.push_back(fmt::format("{{ name = {} }}", value.canonical_json()));
  }
  if (!is_component(axis.section)) tables = {"{ ... }"};
  if (tables.empty()) tables.emplace_back("{ name = \"...\" }");
  return fmt::format("{} = [{}]", axis.section, fmt::join(tables, ", "));
}

/// The values of an axis that is a whole section: each is a table. Names alone are reported and
/// read as if they were written as tables, so that nothing else is said to be missing. False where
/// that is not possible.
bool read_tables(GridAxis& axis, Problems& problems) {
  const auto wrong = std::find_if(axis.values.begin(), axis.values.end(),
                                  [](const Value& value) { return !value.is_table(); });
  if (wrong == axis.values.end()) return true;
  problems.add(fmt::format("{}grid axis '{}' expects tables: write {}", core::place_of(*wrong),
                           axis.name(), axis_example(axis)));
  for (Value& value : axis.values) {
    if (value.is_table()) continue;
    if (!value.is_string() || !is_component(axis.section)) return false;
    Value named = Value::Table{{"name", value}};
    named.set_where(value.where());
    value = std::move(named);
  }
  return true;
}

}  // namespace

std::vector<GridAxis> read_axes(const Experiment& experiment, Problems& problems) {
  std::vector<GridAxis> axes;
  for (const auto& [path, values] : experiment.grid.as_table()) {
    const auto dot = path.find('.');
    GridAxis axis{path.substr(0, dot), dot == std::string::npos ? "" : path.substr(dot + 1), {}};
    const auto& names = section_names();
    if (std::find(names.begin(), names.end(), axis.section) == names.end()) {
      problems.add(core::place_of(values) +
                   core::unknown_name_of(
                       "section", axis.section,
                       fmt::format("in the grid of experiment '{}'", experiment.name), names));
      continue;
    }
    if (!values.is_list() || values.as_list().empty()) {
      problems.add(
          fmt::format("{}grid axis '{}' of experiment '{}' expects a list of values, got {}",
                      core::place_of(values), path, experiment.name, values.type_name()));
      continue;
    }
    axis.values = values.as_list();
    if (axis.field.empty() && !read_tables(axis, problems)) continue;
    refuse_repeated(axis, experiment, problems);
    axes.push_back(std::move(axis));
  }
  std::stable_sort(axes.begin(), axes.end(), [](const GridAxis& a, const GridAxis& b) {
    return a.field.empty() > b.field.empty();
  });
  return axes;
}

void apply_axis(const GridAxis& axis, const Value& value, Value& sections) {
  if (axis.field.empty()) {
    merge_section(sections, axis.section, value);
  } else {
    sections.as_table()[axis.section].as_table()[axis.field] = value;
  }
}

}  // namespace spurion::harness
