#include "harness/data/facts_of.hpp"

#include <fmt/format.h>

#include <utility>

#include "harness/data/environment_pool.hpp"
#include "harness/data/row_counts.hpp"
#include "harness/data/seed_dependence.hpp"
#include "nouns/named_domains.hpp"
#include "nouns/samples.hpp"
#include "nouns/seeds.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

DomainFacts domain_facts(const Environment& environment, const Domain& domain) {
  const auto limit = [&](Split split) {
    const std::int64_t rows = environment.row_limit(domain, split);
    return rows == nouns::kEndlessRows ? std::nullopt : std::optional<std::int64_t>(rows);
  };
  DomainFacts facts;
  facts.name = domain.name;
  facts.kind = domain.kind;
  facts.shift = domain.shift;
  facts.shifts = domain.cue_shifts.empty() ? std::vector<double>{domain.shift} : domain.cue_shifts;
  facts.train_rows = limit(Split::train);
  facts.test_rows = limit(Split::test);
  facts.ceilings = environment.ceilings(domain);
  return facts;
}

/// Everything that can be done to each cue, to all cues at once and to the causal variable.
std::vector<std::string> interventions_of(const Environment& environment) {
  using Kind = Intervention::Kind;
  const EnvironmentInfo& info = environment.info();
  const std::vector<std::string> cues = info.every_cue();
  std::vector<std::pair<std::string, std::vector<std::string>>> targets;  // what each is called
  for (const std::string& cue : cues) targets.push_back({cue, {cue}});
  if (cues.size() > 1) targets.push_back({"all cues", cues});
  targets.push_back({info.causal, {info.causal}});
  std::vector<std::string> texts;
  for (const auto& [name, variables] : targets) {
    for (const Kind kind : {Kind::flip, Kind::resample, Kind::align, Kind::oppose, Kind::set}) {
      if (!environment.supports({kind, variables, kind == Kind::set ? 1.0 : 0.0})) continue;
      texts.push_back(kind == Kind::set ? fmt::format("do({} := value)", name)
                                        : Intervention{kind, {name}, 0.0}.text());
    }
  }
  return texts;
}

void add_domains(const Environment& environment, std::size_t max_train_domains,
                 EnvironmentFacts& facts) {
  const std::vector<Domain> train = environment.train_domains();
  for (std::size_t d = 0; d < train.size(); ++d) {
    facts.train_shifts.push_back(train[d].shift);
    const bool last = d + 1 == train.size();
    if (train.size() > max_train_domains && d + 1 >= max_train_domains && !last) continue;
    facts.domains.push_back(domain_facts(environment, train[d]));
  }
  const std::vector<Domain> named = nouns::named_domains(environment);
  for (std::size_t d = train.size(); d < named.size(); ++d) {
    facts.domains.push_back(domain_facts(environment, named[d]));
  }
  facts.test_shift = environment.test_domain().shift;
  for (const double point : environment.info().shift_axis.points) {
    Domain domain = environment.at(point);
    domain.name = nouns::shift_name(point);
    facts.shift_points.push_back(domain_facts(environment, domain));
  }
}

}  // namespace

EnvironmentFacts card_facts(const Catalog& catalog, const std::string& name) {
  const auto sources = std::make_shared<const DataSources>(catalog.image_sources);
  const AnySchema& schema = catalog.environments.at(name).schema;
  Value::Table settings;
  if (const FieldInfo* source = schema.find(FieldUse::image_source)) {
    settings[source->name] = "glyphs";
  }
  Problems problems;
  TrialSpec trial;
  trial.environment = {name, schema.normalise(settings, name, problems)};
  problems.raise();
  try {
    EnvironmentPool pool(catalog, sources);
    const auto environment = pool.at(trial.environment, nouns::data_seed(trial));
    EnvironmentFacts facts = facts_of(*environment);
    facts.options = trial.environment.options;
    facts.depends_on_seed = depends_on_seed(trial.environment, *environment, pool);
    return facts;
  } catch (const DataError&) {
    return {};
  }
}

EnvironmentFacts facts_of(const Environment& environment, std::size_t max_train_domains) {
  const EnvironmentInfo& info = environment.info();
  EnvironmentFacts facts;
  facts.name = info.name;
  facts.title = info.title;
  facts.citation = info.citation;
  facts.mechanism = info.mechanism;
  facts.deviations = info.deviations;
  facts.task = info.task;
  facts.score = info.score();
  facts.outputs = info.outputs;
  facts.groups = info.groups;
  facts.input_shape = info.input_shape;
  facts.cue = info.cue;
  facts.causal = info.causal;
  facts.graph = info.graph;
  facts.shift_axis = info.shift_axis;
  facts.affine_shift = info.shift_axis.mixture.has_value();
  facts.cues = info.cues;
  facts.interventions = interventions_of(environment);
  facts.row_counts = info.row_counts;
  facts.class_names = info.class_names;
  facts.group_names = info.group_names;
  facts.row_notes = row_count_lines(info);
  add_domains(environment, max_train_domains, facts);
  return facts;
}

}  // namespace spurion::harness
