#pragma once

#include <algorithm>

#include "catalog/image_source_of.hpp"
#include "core/failure.hpp"
#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::catalog {

/// Whether code that did not come with spurion takes part in a trial; metrics do in all of them.
inline bool has_plugin_part(const TrialSpec& trial, const Catalog& catalog) {
  const auto stranger = [](const auto& registry, const std::string& name) {
    return registry.contains(name) && !registry.at(name).info.builtin();
  };
  for (const TrialSection& section : trial.sections()) {
    if (section.component == nullptr) continue;
    const bool own = catalog.visit(section.name, [&](const auto& registry) {
      return stranger(registry, section.component->name);
    });
    if (own) return true;
  }
  if (stranger(catalog.image_sources, image_source_of(trial.environment, catalog))) return true;
  for (const std::string& name : catalog.metrics.names()) {
    if (stranger(catalog.metrics, name)) return true;
  }
  // An evaluation that cannot be read is told of elsewhere.
  const Value* probes = trial.evaluation.find("probes");
  if (probes == nullptr || !probes->is_list()) return false;
  return std::any_of(probes->as_list().begin(), probes->as_list().end(), [&](const Value& probe) {
    const Value* name = probe.find("name");
    return name != nullptr && name->is_string() && stranger(catalog.probes, name->as_string());
  });
}

/// Calls what looks at a trial before anything runs. Bad input (`UsageError`, `DataError`) is
/// thrown; where code of a plug-in throws anything else the answer is false: that trial will fail
/// when it is run, and say why, and no other.
template <class Body>
bool looked_at(const TrialSpec& trial, const Catalog& catalog, const Body& body) {
  try {
    body();
    return true;
  } catch (const UsageError&) {
    throw;
  } catch (const DataError&) {
    throw;
  } catch (...) {
    if (!has_plugin_part(trial, catalog)) throw;
    return false;
  }
}

}  // namespace spurion::catalog
