#include "spurion/catalog.hpp"

#include <fmt/format.h>

#include "builtin_analysis_questions.hpp"
#include "builtin_environments.hpp"
#include "builtin_methods.hpp"
#include "builtin_metrics.hpp"
#include "builtin_models.hpp"
#include "builtin_regimes.hpp"
#include "core/failure.hpp"
#include "spurion/plugin.hpp"

namespace spurion {
namespace {

void set_origin(Catalog& catalog, const std::string& name) {
  catalog.environments.set_origin(name);
  catalog.models.set_origin(name);
  catalog.methods.set_origin(name);
  catalog.regimes.set_origin(name);
  catalog.metrics.set_origin(name);
  catalog.questions.set_origin(name);
}

}  // namespace

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
        fmt::format("plug-in {} is refused: {}", where, one_line(std::current_exception())));
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
  analysis::questions::add_builtins(catalog.questions);
  set_origin(catalog, EntryInfo::kProgram);
}

Catalog builtin_catalog() {
  Catalog catalog;
  add_builtins(catalog);
  return catalog;
}

}  // namespace spurion
