#include "harness/plan/search_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/place_of.hpp"
#include "harness/plan/search_grid.hpp"
#include "harness/suite/trial_sections.hpp"
#include "spurion/error.hpp"
#include "spurion/optimizer.hpp"
#include "spurion/random.hpp"

namespace spurion::harness {

namespace {

std::vector<FieldInfo> fields_of_section(const Catalog& catalog, const TrialSpec& spec,
                                         const std::string& section) {
  const auto own = spec.section(section);
  if (own && own->component != nullptr) return catalog.schema(section, own->component->name).fields;
  if (section == "optimizer") return OptimizerOptions::schema().fields();
  if (section == "training") return TrainingOptions::schema().fields();
  return EvaluationOptions::schema().fields();
}

}  // namespace

SearchPlan::SearchPlan(const Experiment& experiment, const std::vector<GridAxis>& axes,
                       std::int64_t base_seed, Normaliser& normaliser)
    : experiment_(experiment), base_seed_(base_seed), normaliser_(normaliser) {
  if (experiment.configurations <= 0) return;
  const auto& fields = experiment.search_fields;
  if (fields.empty()) {
    normaliser.report(fmt::format(
        "{}the search of experiment '{}' has no fields, so its {} configurations would be equal",
        core::place_of(experiment.search), experiment.name, experiment.configurations));
    return;
  }
  active_ = true;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto wrong = [&](const std::string& why) {
      normaliser.report(fmt::format("{}search field '{}' of experiment '{}' {}", place(i),
                                    fields[i], experiment.name, why));
      active_ = false;
    };
    const auto dot = fields[i].find('.');
    const std::string section = fields[i].substr(0, dot);
    const auto& names = section_names();
    if (dot == std::string::npos || std::find(names.begin(), names.end(), section) == names.end()) {
      wrong(fmt::format("must be section.field, section one of: {}", fmt::join(names, ", ")));
      continue;
    }
    if (std::find(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(i), fields[i]) !=
        fields.begin() + static_cast<std::ptrdiff_t>(i)) {
      wrong("is named twice");
    }
    const bool on_axis = std::any_of(
        axes.begin(), axes.end(), [&](const GridAxis& axis) { return axis.name() == fields[i]; });
    if (on_axis) wrong("is also an axis of the grid; remove it from one of the two");
    paths_.emplace_back(section, fields[i].substr(dot + 1));
  }
  check_ranges(experiment);
  used_.assign(fields.size(), false);
}

void SearchPlan::check_ranges(const Experiment& experiment) {
  const auto& fields = experiment.search_fields;
  const auto wrong = [&](const std::string& field, const std::string& why) {
    normaliser_.report(
        fmt::format("search field '{}' of experiment '{}' {}", field, experiment.name, why));
    active_ = false;
  };
  const auto searched = [&](const std::string& field) {
    return std::find(fields.begin(), fields.end(), field) != fields.end();
  };
  for (const auto& [field, range] : experiment.search_ranges) {
    if (!searched(field)) wrong(field, "has a range but is not searched");
  }
  for (const auto& [field, values] : experiment.search_values) {
    if (!searched(field)) wrong(field, "has values but is not searched");
    if (experiment.search_strategy == SearchStrategy::grid) {
      wrong(field, "has listed values, but the strategy is \"grid\"; list values with \"random\"");
    }
    if (!values.is_list() ||
        static_cast<std::int64_t>(values.as_list().size()) != experiment.configurations) {
      wrong(field, fmt::format("must have a list of {} values, one for each configuration",
                               experiment.configurations));
    }
  }
}

std::string SearchPlan::place(std::size_t number) const {
  const Value* fields = experiment_.search.find("fields");
  if (fields == nullptr || !fields->is_list() || number >= fields->as_list().size()) return {};
  return core::place_of(fields->as_list()[number]);
}

std::vector<SearchPlan::Field> SearchPlan::fields_of(const Catalog& catalog,
                                                     const TrialSpec& base) {
  std::vector<Field> found;
  for (const std::string& section : section_names()) {
    for (const FieldInfo& info : fields_of_section(catalog, base, section)) {
      const std::string path = section + '.' + info.name;
      there_are_.insert(path);
      const auto& fields = experiment_.search_fields;
      const auto at = std::find(fields.begin(), fields.end(), path);
      // A field that this method or model does not have is another one's.
      if (at == fields.end()) continue;
      const auto number = static_cast<std::size_t>(at - fields.begin());
      used_[number] = true;
      if (experiment_.search_values.count(path) != 0) {
        found.push_back({number, std::nullopt});
        continue;
      }
      const auto range = experiment_.search_ranges.find(path);
      const Search& search = range == experiment_.search_ranges.end() ? info.search : range->second;
      if (search.kind == Search::Kind::fixed) {
        normaliser_.report(
            fmt::format("{}search field '{}' of experiment '{}' has no search distribution",
                        place(number), path, experiment_.name));
        active_ = false;
        continue;
      }
      found.push_back({number, search});
    }
  }
  if (experiment_.search_strategy == SearchStrategy::grid && active_) lay_out_grid(base, found);
  return found;
}

void SearchPlan::lay_out_grid(const TrialSpec& base, std::vector<Field>& fields) {
  std::vector<std::int64_t> most;
  std::vector<std::string> names;
  for (const Field& field : fields) {
    most.push_back(most_levels(*field.search));
    names.push_back(experiment_.search_fields[field.number]);
  }
  if (fields.empty()) return;  // of another method: this one stays as it is
  const std::vector<std::int64_t> levels = grid_levels(experiment_.configurations, most);
  if (levels.empty()) {
    const std::string near = numbers_with_grid(experiment_.configurations, most);
    normaliser_.report(fmt::format(
        "{}the search of experiment '{}' has no grid of {} configurations over the fields of {} "
        "({}): each needs at least 2 different values{}",
        core::place_of(experiment_.search), experiment_.name, experiment_.configurations,
        base.method.name, fmt::join(names, ", "),
        near.empty() ? std::string() : fmt::format("; there is one of {}", near)));
    active_ = false;
    return;
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    fields[i].levels = levels[i];
    std::set<std::string> values;
    for (std::int64_t level = 0; level < levels[i]; ++level) {
      values.insert(grid_value(*fields[i].search, level, levels[i]).canonical_json());
    }
    if (static_cast<std::int64_t>(values.size()) == levels[i]) continue;
    normaliser_.report(fmt::format(
        "{}the grid of {} configurations gives search field '{}' of experiment '{}' {} values, of "
        "which some are equal: {}",
        place(fields[i].number), experiment_.configurations, names[i], experiment_.name, levels[i],
        fmt::join(values, ", ")));
    active_ = false;
  }
}

void SearchPlan::apply(const std::vector<Field>& fields, std::int64_t draw, Value& sections) const {
  std::vector<std::int64_t> levels;
  for (const Field& field : fields) levels.push_back(std::max<std::int64_t>(field.levels, 1));
  const std::vector<std::int64_t> place_in_grid = grid_place(draw, levels);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    const std::string& path = experiment_.search_fields[field.number];
    const auto& [section, name] = paths_[field.number];
    Value& target = sections.as_table()[section].as_table()[name];
    if (field.levels > 0) {
      target = grid_value(*field.search, place_in_grid[i], field.levels);
      continue;
    }
    if (!field.search) {
      target = experiment_.search_values.at(path).as_list().at(static_cast<std::size_t>(draw));
      continue;
    }
    const RandomKey key = RandomKey(static_cast<std::uint64_t>(base_seed_))
                              .child("search")
                              .child(static_cast<std::uint64_t>(draw))
                              .child(path);
    target = field.search->draw(key);
  }
}

void SearchPlan::report_unused() const {
  if (there_are_.empty()) return;  // no grid point was good: that is told
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (used_[i]) continue;
    const std::string& path = experiment_.search_fields[i];
    const std::string nearest = nearest_name(path, {there_are_.begin(), there_are_.end()});
    normaliser_.report(fmt::format(
        "{}search field '{}' of experiment '{}' is not an option of any of its trials{}", place(i),
        path, experiment_.name,
        nearest.empty() ? std::string() : fmt::format("; did you mean '{}'?", nearest)));
  }
}

}  // namespace spurion::harness
