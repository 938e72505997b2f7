#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "core/place_of.hpp"
#include "harness/sections.hpp"
#include "spurion/error.hpp"
#include "spurion/suite.hpp"

namespace spurion {

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

namespace {

/// One axis of a grid: where it applies and its values.
struct Axis {
  std::string section;
  std::string field;  ///< empty: the whole section
  std::vector<Value> values;
};

std::vector<Axis> read_axes(const Experiment& experiment, Problems& problems) {
  std::vector<Axis> axes;
  for (const auto& [path, values] : experiment.grid.as_table()) {
    const auto dot = path.find('.');
    Axis axis{path.substr(0, dot), dot == std::string::npos ? "" : path.substr(dot + 1), {}};
    const auto& names = section_names();
    if (std::find(names.begin(), names.end(), axis.section) == names.end()) {
      problems.add(place_of(values) +
                   unknown_name_of("section", axis.section,
                                   fmt::format("in the grid of experiment '{}'", experiment.name),
                                   names));
      continue;
    }
    if (!values.is_list() || values.as_list().empty()) {
      problems.add(
          fmt::format("{}grid axis '{}' of experiment '{}' expects a list of values, got {}",
                      place_of(values), path, experiment.name, values.type_name()));
      continue;
    }
    axis.values = values.as_list();
    if (axis.field.empty()) {
      for (const Value& value : axis.values) {
        if (!value.is_table()) {
          problems.add(fmt::format("{}grid axis '{}' expects tables such as {{ name = \"...\" }}",
                                   place_of(value), path));
          axis.values.clear();
          break;
        }
      }
      if (axis.values.empty()) continue;
    }
    axes.push_back(std::move(axis));
  }
  // Whole sections first: single fields are laid over them.
  std::stable_sort(axes.begin(), axes.end(),
                   [](const Axis& a, const Axis& b) { return a.field.empty() > b.field.empty(); });
  return axes;
}

/// Turns the raw sections of one grid point into checked, normalised trials.
class Normaliser {
 public:
  Normaliser(const Catalog& catalog, Problems& problems) : catalog_(catalog), problems_(problems) {}

  /// False when something was wrong (and reported).
  bool fill(const Value& sections, const std::string& experiment, TrialSpec& spec) {
    bool good = true;
    good &= component(sections, "environment", experiment, catalog_.environments, spec.environment);
    good &= component(sections, "model", experiment, catalog_.models, spec.model);
    good &= component(sections, "method", experiment, catalog_.methods, spec.method);
    good &= component(sections, "regime", experiment, catalog_.regimes, spec.regime);
    spec.optimizer = plain(sections, "optimizer", OptimizerOptions::schema(), good);
    spec.training = plain(sections, "training", TrainingOptions::schema(), good);
    spec.evaluation = plain(sections, "evaluation", EvaluationOptions::schema(), good);
    return good;
  }

  /// Refuses a method that needs to see more than the regime grants.
  void check_access(const TrialSpec& spec) {
    const std::string key = spec.method.name + spec.method.options.canonical_json() + '\n' +
                            spec.regime.name + spec.regime.options.canonical_json();
    if (!checked_.insert(key).second) return;
    try {
      const auto method = catalog_.methods.at(spec.method.name)
                              .make({spec.method.options}, MethodContext{Task::binary, 1, 2, 4});
      const auto regime = catalog_.regimes.at(spec.regime.name).make({spec.regime.options});
      const auto missing = method->needs().missing_from(regime->grants());
      if (!missing.empty()) {
        report(fmt::format("method '{}' needs {}, which regime '{}' does not grant (it grants: {})",
                           spec.method.name, fmt::join(missing, " and "), spec.regime.name,
                           regime->grants().text()));
      }
    } catch (const UsageError& error) {
      report(error.what());
    }
  }

 private:
  void report(const std::string& problem) {
    if (seen_.insert(problem).second) problems_.add(problem);
  }

  template <class R>
  bool component(const Value& sections, const char* section, const std::string& experiment,
                 const R& registry, Component& out) {
    const Value* given = sections.find(section);
    const Value* name = given == nullptr ? nullptr : given->find("name");
    if (name == nullptr || !name->is_string()) {
      report(fmt::format("{}experiment '{}' names no {}: write {} = {{ name = \"...\" }}",
                         given == nullptr ? "" : place_of(*given), experiment, section, section));
      return false;
    }
    if (!registry.contains(name->as_string())) {
      report(place_of(*name) + unknown_name_message(section, name->as_string(), registry.names()));
      return false;
    }
    Value options = *given;
    options.as_table().erase("name");
    Problems local;
    out.name = name->as_string();
    out.options = registry.at(out.name).schema.normalise(options, out.name, local);
    for (const std::string& problem : local.list()) report(problem);
    return local.empty();
  }

  template <class Options>
  Value plain(const Value& sections, const char* section, const Schema<Options>& schema,
              bool& good) {
    const Value* given = sections.find(section);
    Problems local;
    const Options options = given == nullptr ? Options{} : schema.parse(*given, section, local);
    for (const std::string& problem : local.list()) report(problem);
    good = good && local.empty();
    return schema.print(options);
  }

  const Catalog& catalog_;
  Problems& problems_;
  std::set<std::string> seen_;
  std::set<std::string> checked_;
};

const AnySchema* schema_of(const Catalog& catalog, const TrialSpec& spec,
                           const std::string& section, AnySchema& plain) {
  if (section == "environment") return &catalog.environments.at(spec.environment.name).schema;
  if (section == "model") return &catalog.models.at(spec.model.name).schema;
  if (section == "method") return &catalog.methods.at(spec.method.name).schema;
  if (section == "regime") return &catalog.regimes.at(spec.regime.name).schema;
  if (section == "optimizer") plain = AnySchema::of(OptimizerOptions::schema());
  if (section == "training") plain = AnySchema::of(TrainingOptions::schema());
  if (section == "evaluation") plain = AnySchema::of(EvaluationOptions::schema());
  return &plain;
}

/// Overwrites the searched fields with draw number `draw`: the value listed for it, or a pure
/// function of suite seed, draw and field, so every method and seed meets the same draws of a
/// shared field.
void apply_draw(const Catalog& catalog, const Experiment& experiment, std::int64_t suite_seed,
                std::int64_t draw, Value& sections, const TrialSpec& base, Problems& problems) {
  for (const std::string& path : experiment.search_fields) {
    const auto dot = path.find('.');
    const std::string section = path.substr(0, dot);
    const auto& names = section_names();
    if (dot == std::string::npos || std::find(names.begin(), names.end(), section) == names.end()) {
      problems.add(fmt::format(
          "search field '{}' of experiment '{}' must be section.field, section one of: {}", path,
          experiment.name, fmt::join(names, ", ")));
      return;
    }
    const std::string field = path.substr(dot + 1);
    AnySchema plain;
    const FieldInfo* info = schema_of(catalog, base, section, plain)->find(field);
    // A field that this method or model does not have is another one's.
    if (info == nullptr) continue;
    const auto values = experiment.search_values.find(path);
    if (values != experiment.search_values.end()) {
      sections.as_table()[section].as_table()[field] =
          values->second.as_list()[static_cast<std::size_t>(draw)];
      continue;
    }
    const auto range = experiment.search_ranges.find(path);
    const Search& search = range == experiment.search_ranges.end() ? info->search : range->second;
    if (search.kind == Search::Kind::fixed) {
      problems.add(fmt::format("search field '{}' of experiment '{}' has no search distribution",
                               path, experiment.name));
      return;
    }
    const StreamKey key = StreamKey(static_cast<std::uint64_t>(suite_seed))
                              .child("search")
                              .child(static_cast<std::uint64_t>(draw))
                              .child(path);
    sections.as_table()[section].as_table()[field] = search.draw(key);
  }
}

}  // namespace

std::vector<TrialSpec> Suite::trials(const Catalog& catalog) const {
  Problems problems;
  Normaliser normaliser(catalog, problems);
  std::vector<TrialSpec> all;
  std::set<std::string> ids;
  for (const Experiment& experiment : experiments) {
    const std::vector<Axis> axes = read_axes(experiment, problems);
    const auto finish = [&](const Value& sections) {
      TrialSpec base;
      base.experiment = experiment.name;
      base.suite_seed = seed;
      if (!normaliser.fill(sections, experiment.name, base)) return;
      const std::int64_t draws = std::max<std::int64_t>(experiment.draws, 1);
      for (std::int64_t draw = 0; draw < draws; ++draw) {
        TrialSpec spec = base;
        if (experiment.draws > 0) {
          Value drawn = sections;
          apply_draw(catalog, experiment, seed, draw, drawn, base, problems);
          if (!normaliser.fill(drawn, experiment.name, spec)) return;
          spec.draw = draw;
        }
        normaliser.check_access(spec);
        for (std::int64_t replicate = 0; replicate < experiment.seeds; ++replicate) {
          spec.seed = replicate;
          if (ids.insert(experiment.name + '\n' + spec.id()).second) all.push_back(spec);
        }
      }
    };
    const std::function<void(std::size_t, const Value&)> expand = [&](std::size_t axis,
                                                                      const Value& sections) {
      if (axis == axes.size()) {
        finish(sections);
        return;
      }
      for (const Value& value : axes[axis].values) {
        Value next = sections;
        if (axes[axis].field.empty()) {
          merge_section(next, axes[axis].section, value);
        } else {
          next.as_table()[axes[axis].section].as_table()[axes[axis].field] = value;
        }
        expand(axis + 1, next);
      }
    };
    expand(0, experiment.sections);
  }
  problems.raise();
  return all;
}

}  // namespace spurion
