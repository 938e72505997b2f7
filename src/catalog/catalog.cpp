#include "spurion/catalog.hpp"

#include <fmt/format.h>

#include "builtin_analysis_questions.hpp"
#include "builtin_analysis_selectors.hpp"
#include "builtin_environments.hpp"
#include "builtin_image_sources.hpp"
#include "builtin_methods.hpp"
#include "builtin_metrics.hpp"
#include "builtin_models.hpp"
#include "builtin_probes.hpp"
#include "builtin_regimes.hpp"
#include "catalog/probe_choice.hpp"
#include "core/failure.hpp"
#include "spurion/plugin.hpp"

namespace spurion {
namespace {

void set_origin(Catalog& catalog, const std::string& name) {
  catalog.each([&](auto& registry) { registry.set_origin(name); });
}

}  // namespace

AnySchema Catalog::schema(const std::string& noun, const std::string& name) const {
  AnySchema schema =
      visit(noun, [&](const auto& registry) { return AnySchema(registry.at(name).schema); });
  if (schema.find(FieldUse::image_source) == nullptr) return schema;
  std::vector<FieldInfo> naming;
  for (FieldInfo& field : schema.fields) {
    if (field.use != FieldUse::image_source) continue;
    field.bounds.words = image_sources.names();
    naming.push_back(field);
  }
  schema.normalise = [parse = std::move(schema.normalise), naming](
                         const Value& table, const std::string& owner, Problems& problems) {
    Value all = parse(table, owner, problems);
    for (const FieldInfo& field : naming) {
      const Value* given = table.find(field.name);
      std::string known;
      if (given != nullptr && given->is_string()) {
        detail::read_string(*given, field, owner, problems, known);
      }
    }
    return all;
  };
  return schema;
}

std::vector<MetricInfo> Catalog::metric_columns() const {
  std::vector<MetricInfo> all;
  for (const std::string& name : metrics.names()) {
    for (MetricInfo& column : columns_of(*this, name)) all.push_back(std::move(column));
  }
  return all;
}

std::vector<MetricInfo> columns_of(const Catalog& catalog, const std::string& metric) {
  const auto& entry = catalog.metrics.at(metric);
  std::vector<MetricInfo> columns = entry.make({Value()}, MetricContext{})->columns();
  for (MetricInfo& column : columns) {
    column.writer = entry.info.builtin() ? "metric " + metric
                                         : fmt::format("metric {} [{}]", metric, entry.info.origin);
  }
  return columns;
}

std::unique_ptr<Probe> probe_of(const Catalog& catalog, const Value& written,
                                const ProbeContext& context) {
  Component probe = catalog::probe_component(written);
  const auto& entry = catalog.probes.at(probe.name);
  return entry.make({std::move(probe.options)}, context);
}

void Catalog::add(const Plugin& plugin) {
  add_from(plugin, fmt::format("'{} {}'", plugin.name, plugin.version));
}

void Catalog::add_from(const Plugin& plugin, const std::string& where) {
  const std::string origin = fmt::format("{} {}", plugin.name, plugin.version);
  Catalog with = *this;  // all that the plug-in offers, or nothing
  set_origin(with, origin);
  try {
    plugin.add(with);
  } catch (...) {
    throw PluginError(
        fmt::format("plug-in {} is refused: {}", where, core::one_line(std::current_exception())));
  }
  set_origin(with, EntryInfo::kProgram);
  with.plugins_.push_back(origin);
  *this = std::move(with);
}

void add_builtins(Catalog& catalog) {
  set_origin(catalog, EntryInfo::kBuiltin);
  environments::add_builtins(catalog);
  models::add_builtins(catalog);
  methods::add_builtins(catalog);
  regimes::add_builtins(catalog);
  metrics::add_builtins(catalog);
  probes::add_builtins(catalog);
  analysis::questions::add_builtins(catalog.questions);
  analysis::selectors::add_builtins(catalog.questions.selectors);
  image_sources::add_builtins(catalog.image_sources);
  set_origin(catalog, EntryInfo::kProgram);
}

Catalog builtin_catalog() {
  Catalog catalog;
  add_builtins(catalog);
  return catalog;
}

}  // namespace spurion
