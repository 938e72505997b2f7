#include "cli/training/description.hpp"
#include "catalog/method_needs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "cli/text.hpp"
#include "cli/training/grid.hpp"
#include "cli/training/nouns.hpp"
#include "cli/training/number_description.hpp"
#include "cli/training/rows.hpp"
#include "core/nearest_names.hpp"
#include "harness/suite/suite_fields.hpp"
#include "spurion/error.hpp"
#include "spurion/question.hpp"

namespace spurion::cli {

namespace {

/// The bounds of a field, else what it names.
std::string allowed_text(const FieldInfo& field) {
  const std::string bounds = field.bounds.text();
  if (!bounds.empty()) return bounds;
  switch (field.use) {
    case FieldUse::trial_field:
      return "fields of the trials";
    case FieldUse::axis:
      return "a field of the trials with an order";
    case FieldUse::method:
      return "a method of the experiment";
    case FieldUse::experiment:
      return "experiments of the suite";
    case FieldUse::selector:
      return "names of `spurion list selectors`";
    case FieldUse::probe:
      return "a stored number, such as one of a probe";
    default:
      return {};
  }
}

}  // namespace

Json option_list(const std::vector<FieldInfo>& fields) {
  Json list = Json::array();
  for (const FieldInfo& field : fields) {
    // Nothing is printed as an empty table.
    const bool nothing = field.default_value.is_table() && field.default_value.as_table().empty();
    Json fallback = nothing ? Json() : Json::parse(field.default_value.canonical_json());
    list.push_back({{"name", field.name},
                    {"type", field.type},
                    {"default", field.required ? Json() : std::move(fallback)},
                    {"required", field.required},
                    {"allowed", allowed_text(field)},
                    {"search", field.search.text()},
                    {"per_replica", field.per_replica},
                    {"doc", field.doc}});
    if (!field.fields.empty()) list.back()["options"] = option_list(field.fields);
  }
  return list;
}

namespace {

Json preset_list(const AnySchema& schema) {
  Json list = Json::array();
  for (const PresetInfo& preset : schema.presets) {
    list.push_back({{"name", preset.name}, {"doc", preset.doc}});
  }
  return list;
}

/// What the catalog knows without building anything.
template <class R>
Json entry(const Catalog& catalog, const R& registry, const std::string& name) {
  const auto& found = registry.at(name);
  const AnySchema schema = catalog.schema(registry.kind(), name);
  return {{"noun", registry.kind()},       {"name", name},
          {"summary", found.info.summary}, {"reference", found.info.reference},
          {"origin", found.info.origin},   {"options", option_list(schema.fields)},
          {"presets", preset_list(schema)}};
}

template <class R>
Value checked_options(const R& registry, const std::string& name,
                      const std::vector<std::string>& pairs) {
  Problems problems;
  const AnySchema& schema = registry.at(name).schema;
  Value all = schema.normalise(parse_options(pairs, schema), name, problems);
  problems.raise();
  return all;
}

Json access_list(const Access& access) {
  Json list = Json::array();
  for (const std::string& need : access.missing_from({})) list.push_back(need);
  return list;
}

/// What a method computes its update from: the fewer, the faster.
const char* path_of(const Method& method) {
  if (method.needs_second_order()) return "second derivatives";
  switch (method.risk_input()) {
    case RiskInput::risks:
      return "risks";
    case RiskInput::curvature:
      return "risks and their derivatives";
    case RiskInput::logits:
      return "logits";
  }
  throw LogicError("unknown risk input");
}

}  // namespace

Json describe_environment(const Catalog& catalog, const std::string& name,
                          const std::vector<std::string>& pairs) {
  Json out = entry(catalog, catalog.environments, name);
  const AnySchema& schema = catalog.environments.at(name).schema;
  describe_environment(catalog, name, parse_options(pairs, schema), out);
  return out;
}

Json describe_model(const Catalog& catalog, const std::string& name) {
  return entry(catalog, catalog.models, name);
}

Json describe_metric(const Catalog& catalog, const std::string& name) {
  Json out = entry(catalog, catalog.metrics, name);
  out["columns"] = Json::array();
  for (const MetricInfo& column : columns_of(catalog, name)) {
    out["columns"].push_back(column_facts(column));
  }
  return out;
}

Json describe_probe(const Catalog& catalog, const std::string& name,
                    const std::vector<std::string>& pairs) {
  Json out = entry(catalog, catalog.probes, name);
  const auto probe = catalog.probes.at(name).make({checked_options(catalog.probes, name, pairs)},
                                                  ProbeContext{Task::binary, 1, {4}});
  const ProbeAccess access = probe->access();
  out["sees"] = access.text();
  out["evidence"] = evidence_name(probe->evidence());
  // A minibatch has neither the value of a cue in each row nor other rows (probe_penalty).
  out["penalty"] = probe->has_penalty() && !access.cue_labels && !access.training_rows;
  out["passes"] = probe->passes();
  return out;
}

Json describe_image_source(const Catalog& catalog, const std::string& name) {
  Json out = entry(catalog, catalog.image_sources, name);
  add_source_facts(catalog, name, out);
  return out;
}

Json describe_question(const Catalog& catalog, const std::string& name) {
  Json out = entry(catalog, catalog.questions, name);
  out["common"] = option_list(CommonQuestionOptions::schema().fields());
  return out;
}

Json describe_selector(const Catalog& catalog, const std::string& name) {
  const Selectors& selectors = catalog.questions.selectors;
  Json out = entry(catalog, selectors, name);
  const auto selector = selectors.at(name).make({Value()});
  out["reads"] = selector_access_text(selector->access());
  out["leak"] = selector->leaks();
  return out;
}

Json describe_suite_file() {
  Json out = {{"noun", "suite file"},
              {"name", "suite"},
              {"summary",
               "A TOML file: experiments, which are grids of trials, and the questions asked of "
               "them."}};
  Json tables = Json::array();
  for (const harness::SuiteTable* table :
       {&harness::suite_table(), &harness::quick_table(), &harness::stopping_table(),
        &harness::experiment_table(), &harness::search_table()}) {
    tables.push_back({{"heading", table->heading}, {"options", option_list(table->fields)}});
  }
  tables.push_back({{"heading", "[[question]]"},
                    {"options", option_list(CommonQuestionOptions::schema().fields())}});
  out["tables"] = std::move(tables);
  return out;
}

Json describe_method(const Catalog& catalog, const std::string& name,
                     const std::vector<std::string>& pairs) {
  Json out = entry(catalog, catalog.methods, name);
  const auto method =
      catalog::method_to_ask(catalog, {name, checked_options(catalog.methods, name, pairs)});
  out["needs"] = access_list(method->needs());
  out["path"] = path_of(*method);
  out["second_order"] = method->needs_second_order();
  out["cost_factor"] = method->cost_factor();
  return out;
}

Json describe_regime(const Catalog& catalog, const std::string& name,
                     const std::vector<std::string>& pairs) {
  Json out = entry(catalog, catalog.regimes, name);
  const auto regime =
      catalog.regimes.at(name).make({checked_options(catalog.regimes, name, pairs)});
  out["grants"] = access_list(regime->grants());
  return out;
}

Json describe_suite(const Catalog& catalog, const std::string& name) {
  const Suite suite = Suite::load(name);
  // A suite in a folder of suites is called by both names.
  const bool file = std::filesystem::path(name).extension() == ".toml";
  Json out = {{"noun", "suite"}, {"name", file ? suite.name : name}, {"summary", suite.title}};
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

namespace {

/// Said of a name that nothing has: the nearest names, and where all of them are.
std::string undescribed(const std::string& name, const std::vector<std::string>& names) {
  constexpr std::size_t kMostNear = 6;
  const std::vector<std::string> near = core::nearest_names(name, names, kMostNear);
  return fmt::format(
      "nothing is called '{}'{}. 'spurion list' shows what can be described, 'spurion list terms' "
      "the words of reports, 'spurion list columns' the stored numbers",
      name, near.empty() ? "" : fmt::format("; the nearest: '{}'", fmt::join(near, "', '")));
}

}  // namespace

std::vector<Json> describe(const Catalog& catalog, const std::string& name,
                           const std::vector<std::string>& pairs) {
  std::vector<Json> found;
  std::vector<std::string> names;
  std::vector<std::string> takers;
  bool takes_options = false;
  for (const Noun& noun : nouns()) {
    if (noun.takes_options) takers.push_back(noun.plural);
    if (noun.fallback && !found.empty()) continue;  // stands behind the others
    if (!noun.has(catalog, name)) {
      for (std::string& one : noun.names(catalog)) names.push_back(std::move(one));
      continue;
    }
    found.push_back(noun.describe(catalog, name, pairs));
    takes_options = takes_options || noun.takes_options;
  }
  if (found.empty()) throw UsageError(undescribed(name, names));
  if (!pairs.empty() && !takes_options) {
    throw UsageError(
        fmt::format("'{}' takes no option=value: only {} do", name, fmt::join(takers, ", ")));
  }
  return found;
}

}  // namespace spurion::cli
