#include "spurion/catalog.hpp"

#include <fmt/format.h>

#include "spurion/plugin.hpp"

namespace spurion {

void add_builtin_environments(Catalog& catalog);
void add_builtin_models(Catalog& catalog);
void add_builtin_methods(Catalog& catalog);
void add_builtin_regimes(Catalog& catalog);
void add_builtin_metrics(Catalog& catalog);

void Catalog::add(const Plugin& plugin) {
  const std::string origin = fmt::format("{} {}", plugin.name, plugin.version);
  const auto set_origin = [this](const std::string& name) {
    environments.set_origin(name);
    models.set_origin(name);
    methods.set_origin(name);
    regimes.set_origin(name);
    metrics.set_origin(name);
  };
  set_origin(origin);
  plugin.add(*this);
  set_origin("built-in");
  plugins_.push_back(origin);
}

void add_builtins(Catalog& catalog) {
  add_builtin_environments(catalog);
  add_builtin_models(catalog);
  add_builtin_methods(catalog);
  add_builtin_regimes(catalog);
  add_builtin_metrics(catalog);
}

Catalog builtin_catalog() {
  Catalog catalog;
  add_builtins(catalog);
  return catalog;
}

}  // namespace spurion
