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

/// Where the value of "option" or "option.key" lies in a section.
Value& target_of(Value& section, const std::string& option) {
  const auto dot = option.find('.');
  Value& whole = section.as_table()[option.substr(0, dot)];
  if (dot == std::string::npos) return whole;
  if (!whole.is_table()) whole = Value::Table{};
  return whole.as_table()[option.substr(dot + 1)];
}

}  // namespace

SearchPlan::SearchPlan(const Experiment& experiment, const std::vector<GridAxis>& axes,
                       std::int64_t base_seed, Normaliser& normaliser)
    : experiment_(experiment),
      base_seed_(base_seed),
      normaliser_(normaliser),
      options_(experiment) {
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
    if (std::find(names.begin(), names.end(), section) == names.end()) {
      wrong(fmt::format("must be section.field or a section, one of: {}", fmt::join(names, ", ")));
      continue;
    }
    if (dot == std::string::npos && options_.sets(section, "preset")) {
      wrong("is a section with a preset, which sets options itself; name the options to search");
    }
    if (std::find(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(i), fields[i]) !=
        fields.begin() + static_cast<std::ptrdiff_t>(i)) {
      wrong("is named twice");
    }
    const bool on_axis = dot != std::string::npos &&
                         std::any_of(axes.begin(), axes.end(), [&](const GridAxis& axis) {
                           return axis.name() == fields[i];
                         });
    if (on_axis) wrong("is also an axis of the grid; remove it from one of the two");
  }
  check_ranges(experiment);
  used_.assign(fields.size(), false);
}

void SearchPlan::check_ranges(const Experiment& experiment) {
  const auto wrong = [&](const std::string& field, const std::string& why) {
    normaliser_.report(
        fmt::format("search field '{}' of experiment '{}' {}", field, experiment.name, why));
    active_ = false;
  };
  const auto searched = [&](const std::string& field) {
    const auto dot = field.find('.');
    if (dot == std::string::npos) return false;
    return options_.searched(field.substr(0, dot), field.substr(dot + 1));
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

std::vector<std::string> SearchPlan::options_at(const std::string& section,
                                                const FieldInfo& info) const {
  std::vector<std::string> options;
  const std::string before = section + '.' + info.name + '.';
  for (const std::string& field : experiment_.search_fields) {
    const bool entry = info.default_value.is_table() && field.size() > before.size() &&
                       field.compare(0, before.size(), before) == 0;
    if (entry) options.push_back(field.substr(section.size() + 1));
  }
  if (options.empty()) options.push_back(info.name);
  return options;
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
    const auto own = base.section(section);
    const std::string component =
        own && own->component != nullptr ? own->component->name : std::string();
    for (const FieldInfo& info : fields_of_section(catalog, base, section)) {
      for (const std::string& option : options_at(section, info)) {
        if (auto field = field_at(section, component, option, info.search)) {
          found.push_back(*std::move(field));
        }
      }
    }
  }
  if (experiment_.search_strategy == SearchStrategy::grid && active_) lay_out_grid(base, found);
  return found;
}

std::optional<SearchPlan::Field> SearchPlan::field_at(const std::string& section,
                                                      const std::string& component,
                                                      const std::string& option,
                                                      const Search& search) {
  const std::string path = section + '.' + option;
  there_are_.insert(path);
  const std::optional<std::size_t> number = options_.field_of(section, component, option);
  // A field that this method or model does not have is another one's.
  if (!number) return std::nullopt;
  const bool whole_section = experiment_.search_fields[*number] == section;
  const bool entry = option.find('.') != std::string::npos;
  Field field{section, option, entry ? fixed() : search};
  if (const auto range = experiment_.search_ranges.find(path);
      range != experiment_.search_ranges.end()) {
    field.search = range->second;
  }
  if (const auto values = experiment_.search_values.find(path);
      values != experiment_.search_values.end()) {
    field.listed = &values->second;
  }
  if (field.search.kind == Search::Kind::fixed && field.listed == nullptr) {
    if (whole_section) return std::nullopt;
    used_[*number] = true;
    normaliser_.report(
        fmt::format("{}search field '{}' of experiment '{}' has no search distribution",
                    place(*number), path, experiment_.name));
    active_ = false;
    return std::nullopt;
  }
  used_[*number] = true;
  return field;
}

void SearchPlan::lay_out_grid(const TrialSpec& base, std::vector<Field>& fields) {
  std::vector<std::int64_t> most;
  std::vector<std::string> names;
  for (const Field& field : fields) {
    most.push_back(most_levels(field.search));
    names.push_back(field.path());
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
      values.insert(grid_value(fields[i].search, level, levels[i]).canonical_json());
    }
    if (static_cast<std::int64_t>(values.size()) == levels[i]) continue;
    normaliser_.report(fmt::format(
        "{}the grid of {} configurations gives search field '{}' of experiment '{}' {} values, of "
        "which some are equal: {}",
        core::place_of(experiment_.search), experiment_.configurations, names[i], experiment_.name,
        levels[i], fmt::join(values, ", ")));
    active_ = false;
  }
}

void SearchPlan::apply(const std::vector<Field>& fields, std::int64_t draw, Value& sections) const {
  std::vector<std::int64_t> levels;
  for (const Field& field : fields) levels.push_back(std::max<std::int64_t>(field.levels, 1));
  const std::vector<std::int64_t> place_in_grid = grid_place(draw, levels);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    Value& target = target_of(sections.as_table()[field.section], field.option);
    if (field.levels > 0) {
      target = grid_value(field.search, place_in_grid[i], field.levels);
    } else if (field.listed != nullptr) {
      target = field.listed->as_list().at(static_cast<std::size_t>(draw));
    } else {
      target = field.search.draw(RandomKey(static_cast<std::uint64_t>(base_seed_))
                                     .child("search")
                                     .child(static_cast<std::uint64_t>(draw))
                                     .child(field.path()));
    }
  }
}

Normaliser::Flags SearchPlan::unique_sections(const std::vector<Field>& fields) {
  using Kind = Search::Kind;
  Normaliser::Flags unique{};
  const auto& names = section_names();
  for (const Field& field : fields) {
    const Kind kind = field.search.kind;
    const bool real =
        kind == Kind::uniform || kind == Kind::log_uniform || kind == Kind::one_minus_log_uniform;
    if (field.levels > 0 || field.listed != nullptr || !real) continue;
    if (!(field.search.low < field.search.high)) continue;
    const auto at = std::find(names.begin(), names.end(), field.section) - names.begin();
    unique.at(static_cast<std::size_t>(at)) = true;
  }
  return unique;
}

void SearchPlan::report_unused() const {
  if (there_are_.empty()) return;  // no grid point was good: that is told
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (used_[i]) continue;
    const std::string& path = experiment_.search_fields[i];
    if (path.find('.') == std::string::npos) {
      normaliser_.report(fmt::format(
          "{}search field '{}' of experiment '{}': this section has no option with a search "
          "distribution that the experiment does not set",
          place(i), path, experiment_.name));
      continue;
    }
    const std::string nearest = nearest_name(path, {there_are_.begin(), there_are_.end()});
    normaliser_.report(fmt::format(
        "{}search field '{}' of experiment '{}' is not an option of any of its trials{}", place(i),
        path, experiment_.name,
        nearest.empty() ? std::string() : fmt::format("; did you mean '{}'?", nearest)));
  }
}

}  // namespace spurion::harness
