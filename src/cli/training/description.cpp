#include "cli/training/description.hpp"

#include <fmt/format.h>

#include "cli/text.hpp"
#include "cli/training/grid.hpp"
#include "cli/training/rows.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

Json option_list(const AnySchema& schema) {
  Json list = Json::array();
  for (const FieldInfo& field : schema.fields) {
    list.push_back({{"name", field.name},
                    {"type", field.type},
                    {"default", Json::parse(field.default_value.canonical_json())},
                    {"allowed", field.bounds.text()},
                    {"search", field.search.text()},
                    {"per_replica", field.per_replica},
                    {"doc", field.doc}});
  }
  return list;
}

Json preset_list(const AnySchema& schema) {
  Json list = Json::array();
  for (const PresetInfo& preset : schema.presets) {
    list.push_back({{"name", preset.name}, {"doc", preset.doc}});
  }
  return list;
}

/// What the registry knows without building anything.
template <class R>
Json entry(const R& registry, const std::string& name) {
  const auto& found = registry.at(name);
  return {{"noun", registry.kind()},
          {"name", name},
          {"summary", found.info.summary},
          {"reference", found.info.reference},
          {"origin", found.info.origin},
          {"options", option_list(found.schema)},
          {"presets", preset_list(found.schema)}};
}

template <class R>
Value checked_options(const R& registry, const std::string& name,
                      const std::vector<std::string>& settings) {
  Problems problems;
  const AnySchema& schema = registry.at(name).schema;
  Value all = schema.normalise(parse_settings(settings, schema), name, problems);
  problems.raise();
  return all;
}

Json access_list(const Access& access) {
  Json list = Json::array();
  for (const std::string& need : access.missing_from({})) list.push_back(need);
  return list;
}

Json describe_method(const Catalog& catalog, const std::string& name,
                     const std::vector<std::string>& settings) {
  Json out = entry(catalog.methods, name);
  const auto method = catalog.methods.at(name).make(
      {checked_options(catalog.methods, name, settings)}, MethodContext{Task::binary, 1, 2, 4});
  out["needs"] = access_list(method->needs());
  out["second_order"] = method->needs_second_order();
  out["cost_factor"] = method->cost_factor();
  return out;
}

Json describe_regime(const Catalog& catalog, const std::string& name,
                     const std::vector<std::string>& settings) {
  Json out = entry(catalog.regimes, name);
  const auto regime =
      catalog.regimes.at(name).make({checked_options(catalog.regimes, name, settings)});
  out["grants"] = access_list(regime->grants());
  return out;
}

Json describe_suite(const Catalog& catalog, const std::string& name) {
  const Suite suite = Suite::load(name);
  Json out = {{"noun", "suite"}, {"name", suite.name}, {"summary", suite.title}};
  Json questions = Json::array();
  for (const AskedQuestion& question : suite.questions) {
    questions.push_back(
        {{"text", question.text}, {"kind", question.kind}, {"experiment", question.experiment}});
  }
  out["questions"] = questions;
  try {
    const auto trials = suite.trials(catalog);
    out["trials"] = trials.size();
    out["grid"] = grid_text(suite, trials, 100);
  } catch (const UsageError& error) {
    out["unavailable"] = error.what();
  }
  return out;
}

std::vector<std::string> all_names(const Catalog& catalog) {
  std::vector<std::string> all;
  for (const auto& names :
       {catalog.environments.names(), catalog.models.names(), catalog.methods.names(),
        catalog.regimes.names(), catalog.metrics.names(), suite_names()}) {
    all.insert(all.end(), names.begin(), names.end());
  }
  return all;
}

}  // namespace

std::vector<Json> describe(const Catalog& catalog, const std::string& name,
                           const std::vector<std::string>& settings) {
  std::vector<Json> found;
  if (catalog.environments.contains(name)) {
    found.push_back(entry(catalog.environments, name));
    const AnySchema& schema = catalog.environments.at(name).schema;
    describe_environment(catalog, name, parse_settings(settings, schema), found.back());
  }
  if (catalog.models.contains(name)) found.push_back(entry(catalog.models, name));
  if (catalog.methods.contains(name)) found.push_back(describe_method(catalog, name, settings));
  if (catalog.regimes.contains(name)) found.push_back(describe_regime(catalog, name, settings));
  if (catalog.metrics.contains(name)) found.push_back(entry(catalog.metrics, name));
  const std::vector<std::string> suites = suite_names();
  const bool suite_file = name.size() > 5 && name.compare(name.size() - 5, 5, ".toml") == 0;
  if (suite_file || std::find(suites.begin(), suites.end(), name) != suites.end()) {
    found.push_back(describe_suite(catalog, name));
  }
  if (found.empty()) throw UsageError(unknown_name_message("name", name, all_names(catalog)));
  const bool takes_settings = catalog.environments.contains(name) ||
                              catalog.methods.contains(name) || catalog.regimes.contains(name);
  if (!settings.empty() && !takes_settings) {
    throw UsageError(
        fmt::format("'{}' takes no option=value: only environments, methods and regimes do", name));
  }
  return found;
}

}  // namespace spurion::cli
