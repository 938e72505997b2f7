#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "cli/training/description.hpp"
#include "harness/data/facts_of.hpp"
#include "harness/data/row_counts.hpp"
#include "harness/data/seed_dependence.hpp"
#include "harness/exchange/exported_rows.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

Json graph_of(const CausalGraph& graph) {
  Json variables = Json::array();
  for (const Variable& variable : graph.variables) {
    variables.push_back(
        {{"name", variable.name}, {"role", role_name(variable.role)}, {"doc", variable.doc}});
  }
  return {{"edges", graph.text()}, {"variables", variables}};
}

/// Null when there is no limit.
Json limit_of(const std::optional<std::int64_t>& rows) { return rows ? Json(*rows) : Json(); }

/// How many recorded rows there are, and what is to be known of them in words.
void add_row_counts(const EnvironmentFacts& facts, Json& out) {
  out["row_counts"] = Json::array();
  for (const RowCounts& counts : facts.row_counts) {
    out["row_counts"].push_back({{"rows", harness::rows_name(counts)},
                                 {"test_domain", counts.test_domain},
                                 {"split", split_name(counts.split)},
                                 {"count", counts.rows},
                                 {"by_class", counts.classes},
                                 {"by_group", counts.groups}});
  }
  out["class_names"] = facts.class_names;
  out["group_names"] = facts.group_names;
  out["row_notes"] = facts.row_notes;
}

Json domain_of(const DomainFacts& domain) {
  return {{"name", domain.name},
          {"shift", domain.shift},
          {"shifts", domain.shifts},
          {"train_rows", limit_of(domain.train_rows)},
          {"test_rows", limit_of(domain.test_rows)}};
}

Json ceilings_of(const DomainFacts& domain) {
  const Ceilings& ceilings = domain.ceilings;
  Json out = {{"domain", domain.name},
              {"shift", domain.shift},
              {"shifts", domain.shifts},
              {"bayes", ceiling_of(ceilings.bayes)},
              {"invariant", ceiling_of(ceilings.invariant)},
              {"spurious_only", ceiling_of(ceilings.spurious_only)},
              {"chance", ceilings.chance}};
  out["population_erm"] = ceilings.population_erm ? ceiling_of(*ceilings.population_erm) : Json();
  return out;
}

/// The shift axes of an environment with several cues, one for each.
Json axes_of(const std::vector<Cue>& cues) {
  Json list = Json::array();
  for (const Cue& cue : cues) {
    list.push_back({{"cue", cue.name}, {"doc", cue.doc}, {"low", cue.low}, {"high", cue.high}});
  }
  return list;
}

/// Whether an option says where data come from.
bool names_data(const FieldInfo& field) {
  return field.use == FieldUse::image_source || field.use == FieldUse::data_file;
}

/// Whether the environment cannot be made because of missing data that nobody asked for: those of
/// the default environment.
bool lacks_default_data(const Catalog& catalog, const harness::RowSet& world, const Value& options,
                        const std::shared_ptr<const DataSources>& sources) {
  for (const FieldInfo& field : catalog.environments.at(world.environment.name).schema.fields) {
    if (names_data(field) && options.find(field.name) != nullptr) return false;
  }
  harness::RowSet defaults = world;
  defaults.environment = harness::make_component(catalog, world.environment.name, Value());
  try {
    (void)harness::make_environment(defaults, catalog, sources);
    return false;
  } catch (const DataError&) {
    return true;
  }
}

/// Where the cues stand in "test_CUE" that are not shifted there. Empty where there is one cue.
std::string other_cues_text(const EnvironmentFacts& facts) {
  if (facts.cues.size() < 2) return {};
  std::vector<std::vector<double>> train;
  for (const DomainFacts& domain : facts.domains) {
    if (domain.kind == DomainKind::train) train.push_back(domain.shifts);
  }
  std::vector<double> mean(facts.cues.size(), 0.0);
  for (const std::vector<double>& shifts : train) {
    for (std::size_t c = 0; c < mean.size(); ++c) {
      mean[c] += shifts[c] / static_cast<double>(train.size());
    }
  }
  const bool met = std::any_of(train.begin(), train.end(), [&](const std::vector<double>& one) {
    return std::equal(mean.begin(), mean.end(), one.begin(),
                      [](double a, double b) { return std::abs(a - b) < 1e-9; });
  });
  return std::string("In test_CUE the shift of each other cue is its mean over the train ") +
         "domains" + (met ? "." : ". No train domain has exactly these shifts.");
}

void add_facts(const EnvironmentFacts& facts, Json& out) {
  out["title"] = facts.title;
  out["citation"] = facts.citation;
  out["mechanism"] = facts.mechanism;
  out["deviations"] = facts.deviations;
  out["task"] = task_name(facts.task);
  out["outputs"] = facts.outputs;
  out["groups"] = facts.groups;
  add_row_counts(facts, out);
  out["input_shape"] = facts.input_shape;
  out["score"] = facts.score == Score::accuracy ? "accuracy" : "mean squared error";
  out["cue"] = facts.cue;
  out["causal"] = facts.causal;
  out["graph"] = graph_of(facts.graph);
  out["seed"] = facts.seed;
  out["base_seed"] = facts.base_seed;
  out["depends_on_seed"] = facts.depends_on_seed;
  out["shift"] = {{"name", facts.shift_axis.name},
                  {"doc", facts.shift_axis.doc},
                  {"low", facts.shift_axis.low},
                  {"high", facts.shift_axis.high},
                  {"mixture", facts.affine_shift}};
  out["cues"] = axes_of(facts.cues);
  out["interventions"] = facts.interventions;
  out["domains"] = Json::array();
  out["ceilings"] = Json::array();
  for (const DomainFacts& domain : facts.domains) {
    out["domains"].push_back(domain_of(domain));
    out["ceilings"].push_back(ceilings_of(domain));
  }
  if (const std::string text = other_cues_text(facts); !text.empty()) {
    out["row_notes"].push_back(text);
  }
  for (const DomainFacts& point : facts.shift_points) out["ceilings"].push_back(ceilings_of(point));
}

}  // namespace

Json ceiling_of(const Ceiling& ceiling) {
  if (!std::isfinite(ceiling.value)) return {};
  return {{"value", ceiling.value},
          {"exactness", exactness_name(ceiling.exactness)},
          {"error_bound", ceiling.error_bound}};
}

void describe_environment(const Catalog& catalog, const std::string& name, const Value& options,
                          Json& out) {
  const auto sources = std::make_shared<const DataSources>(catalog.image_sources);
  harness::RowSet world;  // that of seed 0 and base seed 0, which `export` writes too
  world.environment = harness::make_component(catalog, name, options);
  std::shared_ptr<const Environment> environment;
  try {
    environment = harness::make_environment(world, catalog, sources);
  } catch (const DataError& error) {
    if (!lacks_default_data(catalog, world, options, sources)) throw;
    out["unavailable"] = error.what();
    return;
  }
  EnvironmentFacts facts = harness::facts_of(*environment);
  facts.seed = world.seed;
  facts.base_seed = world.base_seed;
  harness::EnvironmentPool pool(catalog, sources);
  facts.depends_on_seed = harness::depends_on_seed(world.environment, *environment, pool);
  add_facts(facts, out);
  for (std::string& note : cue_notes(*environment)) out["row_notes"].push_back(std::move(note));
  describe_acting(*environment, out);
}

}  // namespace spurion::cli
