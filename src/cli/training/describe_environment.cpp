#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/training/description.hpp"
#include "harness/data/row_counts.hpp"
#include "harness/data/seed_dependence.hpp"
#include "harness/exchange/exported_rows.hpp"
#include "nouns/named_domains.hpp"
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

Json graph_of(const CausalGraph& graph) {
  Json variables = Json::array();
  for (const Variable& variable : graph.variables) {
    variables.push_back(
        {{"name", variable.name}, {"role", role_name(variable.role)}, {"doc", variable.doc}});
  }
  return {{"edges", graph.text()}, {"variables", variables}};
}

/// Null when there is no limit.
Json limit_of(const Environment& environment, const Domain& domain, Split split) {
  const std::int64_t limit = environment.row_limit(domain, split);
  return limit == std::numeric_limits<std::int64_t>::max() ? Json() : Json(limit);
}

/// Where each cue is in a domain.
Json positions_of(const Domain& domain) {
  return domain.cue_shifts.empty() ? Json::array({domain.shift}) : Json(domain.cue_shifts);
}

/// How many recorded rows there are, and what is to be known of them in words.
void add_row_counts(const EnvironmentInfo& info, Json& out) {
  out["row_counts"] = Json::array();
  for (const RowCounts& counts : info.row_counts) {
    out["row_counts"].push_back({{"rows", rows_name(counts)},
                                 {"test_domain", counts.test_domain},
                                 {"split", split_name(counts.split)},
                                 {"count", counts.rows},
                                 {"by_class", counts.classes},
                                 {"by_group", counts.groups}});
  }
  out["class_names"] = info.class_names;
  out["group_names"] = info.group_names;
  out["row_notes"] = row_count_lines(info);
}

Json domain_of(const Environment& environment, const Domain& domain) {
  return {{"name", domain.name},
          {"shift", domain.shift},
          {"positions", positions_of(domain)},
          {"train_rows", limit_of(environment, domain, Split::train)},
          {"test_rows", limit_of(environment, domain, Split::test)}};
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
              {"positions", positions_of(domain)},
              {"bayes", ceiling_of(ceilings.bayes)},
              {"invariant", ceiling_of(ceilings.invariant)},
              {"spurious_only", ceiling_of(ceilings.spurious_only)},
              {"chance", ceilings.chance}};
  out["population_erm"] = ceilings.population_erm ? ceiling_of(*ceilings.population_erm) : Json();
  return out;
}

/// Everything that can be done to a cue, to all cues at once and to the causal variable.
Json interventions_of(const Environment& environment) {
  const EnvironmentInfo& info = environment.info();
  using Kind = Intervention::Kind;
  const std::vector<std::string> cues = info.every_cue();
  std::vector<std::pair<std::string, std::vector<std::string>>> targets;  // what each is called
  for (const std::string& cue : cues) targets.push_back({cue, {cue}});
  if (cues.size() > 1) targets.push_back({"all cues", cues});
  targets.push_back({info.causal, {info.causal}});
  Json list = Json::array();
  for (const auto& [name, variables] : targets) {
    for (const Kind kind : {Kind::flip, Kind::resample, Kind::align, Kind::oppose, Kind::set}) {
      if (!environment.supports({kind, variables, kind == Kind::set ? 1.0 : 0.0})) continue;
      list.push_back(kind == Kind::set ? fmt::format("do({} := value)", name)
                                       : Intervention{kind, {name}, 0.0}.text());
    }
  }
  return list;
}

/// The dials of an environment: one, or one for each cue.
Json dials_of(const EnvironmentInfo& info) {
  Json list = Json::array();
  for (const Cue& cue : info.cues) {
    list.push_back({{"cue", cue.name}, {"doc", cue.doc}, {"low", cue.low}, {"high", cue.high}});
  }
  return list;
}

/// Whether an option says where data come from.
bool names_data(const FieldInfo& field) {
  const bool words = field.type == "string" || field.type == "list of strings";
  return words && (field.name == "source" || field.bounds.words.empty());
}

/// Whether the environment cannot be made for want of data that nobody asked for: those of the
/// default environment.
bool lacks_usual_data(const Catalog& catalog, const RowSet& world, const Value& options,
                      const std::shared_ptr<const DataSources>& sources) {
  for (const FieldInfo& field : catalog.environments.at(world.environment.name).schema.fields) {
    if (names_data(field) && options.find(field.name) != nullptr) return false;
  }
  RowSet usual = world;
  usual.environment = make_component(catalog, world.environment.name, Value());
  try {
    (void)make_environment(usual, catalog, sources);
    return false;
  } catch (const DataError&) {
    return true;
  }
}

/// Where the cues stand in "test_CUE" that are not shifted there. Empty in environments of one cue.
std::string other_cues_text(const Environment& environment) {
  const std::vector<Cue>& cues = environment.info().cues;
  if (cues.size() < 2) return {};
  const std::vector<Domain> train = environment.train_domains();
  std::vector<double> usual(cues.size(), 0.0);
  for (const Domain& domain : train) {
    for (std::size_t c = 0; c < usual.size(); ++c) {
      usual[c] += domain.cue_shifts[c] / static_cast<double>(train.size());
    }
  }
  const bool met = std::any_of(train.begin(), train.end(), [&](const Domain& domain) {
    return std::equal(usual.begin(), usual.end(), domain.cue_shifts.begin(),
                      [](double a, double b) { return std::abs(a - b) < 1e-9; });
  });
  return std::string("In test_CUE the shift of each other cue is its mean over the train ") +
         "domains" + (met ? "." : ". No train domain has exactly these shifts.");
}

}  // namespace

void describe_environment(const Catalog& catalog, const std::string& name, const Value& options,
                          Json& out) {
  const auto sources = std::make_shared<const DataSources>();
  RowSet world;  // that of the first replicate of a suite with seed 0, which `export` writes too
  world.environment = make_component(catalog, name, options);
  std::shared_ptr<const Environment> environment;
  try {
    environment = make_environment(world, catalog, sources);
  } catch (const DataError& error) {
    if (!lacks_usual_data(catalog, world, options, sources)) throw;
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
  add_row_counts(info, out);
  out["input_shape"] = info.input_shape;
  out["score"] = info.score() == Score::accuracy ? "accuracy" : "mean squared error";
  out["cue"] = info.cue;
  out["causal"] = info.causal;
  out["graph"] = graph_of(info.graph);
  out["seed"] = world.seed;
  out["base_seed"] = world.base_seed;
  out["depends_on_seed"] = depends_on_seed(world.environment, *environment, catalog, sources);
  out["dial"] = {{"name", info.dial.name},
                 {"doc", info.dial.doc},
                 {"low", info.dial.low},
                 {"high", info.dial.high},
                 {"mixture", info.dial.mixture.has_value()}};
  out["cues"] = dials_of(info);
  out["interventions"] = interventions_of(*environment);

  out["domains"] = Json::array();
  out["ceilings"] = Json::array();
  for (const Domain& domain : named_domains(*environment)) {
    out["domains"].push_back(domain_of(*environment, domain));
    out["ceilings"].push_back(ceilings_of(*environment, domain));
  }
  if (const std::string text = other_cues_text(*environment); !text.empty()) {
    out["row_notes"].push_back(text);
  }
  for (const double point : info.dial.points) {
    Domain domain = environment->at(point);
    domain.name = dial_name(point);
    out["ceilings"].push_back(ceilings_of(*environment, domain));
  }
}

}  // namespace spurion::cli
