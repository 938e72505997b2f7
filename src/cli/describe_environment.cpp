#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "cli/description.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

const char* task_name(Task task) {
  switch (task) {
    case Task::binary:
      return "binary";
    case Task::multiclass:
      return "multiclass";
    case Task::regression:
      return "regression";
  }
  return "";
}

const char* role_name(Role role) {
  switch (role) {
    case Role::label:
      return "label";
    case Role::causal:
      return "causal";
    case Role::spurious:
      return "spurious";
    case Role::noise:
      return "noise";
    case Role::hidden:
      return "hidden";
    case Role::observed:
      return "observed";
    case Role::selection:
      return "selection";
  }
  return "";
}

Json graph_of(const CausalGraph& graph) {
  Json variables = Json::array();
  for (const Variable& variable : graph.variables) {
    variables.push_back(
        {{"name", variable.name}, {"role", role_name(variable.role)}, {"doc", variable.doc}});
  }
  return {{"edges", graph.text()}, {"variables", variables}};
}

/// Null when there is no limit.
Json limit_of(const Environment& environment, const Domain& domain, Purpose purpose) {
  const std::int64_t limit = environment.row_limit(domain, purpose);
  return limit == std::numeric_limits<std::int64_t>::max() ? Json() : Json(limit);
}

Json domain_of(const Environment& environment, const Domain& domain) {
  return {{"name", domain.name},
          {"shift", domain.shift},
          {"train_rows", limit_of(environment, domain, Purpose::train)},
          {"test_rows", limit_of(environment, domain, Purpose::test)}};
}

/// Null when it is not known.
Json ceiling_of(const Ceiling& ceiling) {
  if (!std::isfinite(ceiling.value)) return {};
  return {{"value", ceiling.value},
          {"exactness", exactness_name(ceiling.exactness)},
          {"error_bound", ceiling.error_bound}};
}

Json ceilings_of(const Environment& environment, const Domain& domain) {
  const Ceilings ceilings = environment.ceilings(domain);
  Json out = {{"domain", domain.name},
              {"shift", domain.shift},
              {"bayes", ceiling_of(ceilings.bayes)},
              {"invariant", ceiling_of(ceilings.invariant)},
              {"spurious_only", ceiling_of(ceilings.spurious_only)},
              {"chance", ceilings.chance}};
  out["population_erm"] = ceilings.population_erm ? ceiling_of(*ceilings.population_erm) : Json();
  return out;
}

Json interventions_on(const Environment& environment, const std::string& variable) {
  Json list = Json::array();
  for (const Intervention& candidate :
       {Intervention::flip(variable), Intervention::resample(variable),
        Intervention::align(variable), Intervention::oppose(variable),
        Intervention::set(variable, 1.0)}) {
    if (!environment.supports(candidate)) continue;
    list.push_back(candidate.kind == Intervention::Kind::set
                       ? fmt::format("do({} := value)", variable)
                       : candidate.text());
  }
  return list;
}

}  // namespace

void describe_environment(const Catalog& catalog, const std::string& name, const Value& options,
                          Json& out) {
  const auto& entry = catalog.environments.at(name);
  Problems problems;
  const Value all = entry.schema.normalise(options, name, problems);
  problems.raise();
  std::unique_ptr<Environment> environment;
  try {
    environment = entry.make({all}, EnvironmentContext{0, std::make_shared<const DataSources>()});
  } catch (const DataError& error) {
    out["unavailable"] = error.what();
    return;
  }
  const EnvironmentInfo& info = environment->info();
  out["title"] = info.title;
  out["citation"] = info.citation;
  out["mechanism"] = info.mechanism;
  out["deviations"] = info.deviations;
  out["task"] = task_name(info.task);
  out["outputs"] = info.outputs;
  out["groups"] = info.groups;
  out["input_shape"] = info.input_shape;
  out["score"] = info.score() == Score::accuracy ? "accuracy" : "mean squared error";
  out["cue"] = info.cue;
  out["causal"] = info.causal;
  out["graph"] = graph_of(info.graph);
  out["dial"] = {{"name", info.dial.name},
                 {"doc", info.dial.doc},
                 {"low", info.dial.low},
                 {"high", info.dial.high},
                 {"mixture", info.dial.mixture.has_value()}};
  Json interventions = interventions_on(*environment, info.cue);
  for (const Json& more : interventions_on(*environment, info.causal))
    interventions.push_back(more);
  out["interventions"] = interventions;

  std::vector<Domain> domains = environment->train_domains();
  domains.push_back(environment->test_domain());
  out["domains"] = Json::array();
  out["ceilings"] = Json::array();
  for (const Domain& domain : domains) {
    out["domains"].push_back(domain_of(*environment, domain));
    out["ceilings"].push_back(ceilings_of(*environment, domain));
  }
  for (const double point : info.dial.points) {
    out["ceilings"].push_back(ceilings_of(*environment, environment->at(point)));
  }
}

}  // namespace spurion::cli
