#include "harness/plan/search_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/place_of.hpp"
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
  return found;
}

void SearchPlan::apply(const std::vector<Field>& fields, std::int64_t draw, Value& sections) const {
  for (const Field& field : fields) {
    const std::string& path = experiment_.search_fields[field.number];
    const auto& [section, name] = paths_[field.number];
    Value& target = sections.as_table()[section].as_table()[name];
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
