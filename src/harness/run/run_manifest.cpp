#include "harness/run/run_manifest.hpp"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <dnnl.hpp>
#include <set>

#include "catalog/plugin_parts.hpp"
#include "catalog/section_numbers.hpp"
#include "core/build_text.hpp"
#include "core/measurement_names.hpp"
#include "harness/data/guarded_environment.hpp"
#include "harness/data/image_preview.hpp"
#include "harness/data/row_counts.hpp"
#include "harness/data/seed_dependence.hpp"
#include "harness/measure/metric_set.hpp"
#include "harness/suite/method_access.hpp"
#include "nouns/seeds.hpp"

namespace spurion {

namespace {

/// What a report shows of an environment's rows, where they are pictures: bounds of the grid.
constexpr std::int64_t kPictureColumns = 6;
constexpr std::int64_t kPictureBytes = 160 * 1024;
/// Train domains whose ceilings a report shows.
constexpr std::size_t kMostTrainDomains = 6;
/// Settings of one environment that a report describes.
constexpr std::size_t kMostSettings = 8;

Value ceiling_of(const Ceiling& ceiling) {
  return Value::Table{{"value", ceiling.value},
                      {"exactness", exactness_name(ceiling.exactness)},
                      {"error_bound", ceiling.error_bound}};
}

Value ceiling_row(const Environment& environment, const Domain& domain) {
  const Ceilings ceilings = environment.ceilings(domain);
  Value::Table row{{"domain", domain.name}, {"shift", domain.shift}, {"chance", ceilings.chance}};
  // Where what it takes was not recorded there is no ceiling.
  const auto add = [&row](const char* kind, const Ceiling& ceiling) {
    if (std::isfinite(ceiling.value)) row[kind] = ceiling_of(ceiling);
  };
  add("bayes", ceilings.bayes);
  add("invariant", ceilings.invariant);
  add("spurious_only", ceilings.spurious_only);
  if (ceilings.population_erm) add("population_erm", *ceilings.population_erm);
  return row;
}

/// All train domains where there are few, else the first ones and the last; then the test domain.
Value ceiling_rows(const Environment& environment) {
  const std::vector<Domain> train = environment.train_domains();
  Value::List rows;
  for (std::size_t d = 0; d < train.size(); ++d) {
    if (train.size() > kMostTrainDomains && d >= kMostTrainDomains - 1 && d + 1 < train.size()) {
      continue;
    }
    rows.push_back(ceiling_row(environment, train[d]));
  }
  rows.push_back(ceiling_row(environment, environment.test_domain()));
  return rows;
}

/// How the ceilings along the dial were computed: under each kind's name, in every way there is.
Value dial_exactness(const Environment& environment) {
  std::map<std::string, std::set<std::string>> ways;
  for (const double point : environment.info().dial.points) {
    const Ceilings ceilings = environment.ceilings(environment.at(point));
    ways["bayes"].insert(exactness_name(ceilings.bayes.exactness));
    ways["invariant"].insert(exactness_name(ceilings.invariant.exactness));
    ways["spurious_only"].insert(exactness_name(ceilings.spurious_only.exactness));
  }
  Value::Table out;
  for (const auto& [kind, names] : ways) {
    Value::List list;
    for (const std::string& name : names) list.emplace_back(name);
    out[kind] = list;
  }
  return out;
}

}  // namespace

Value describe_environment(const TrialSpec& trial, const Environment& environment,
                           const Catalog& catalog,
                           const std::shared_ptr<const DataSources>& sources) {
  const EnvironmentInfo& info = environment.info();
  Value::List shifts;
  for (const Domain& domain : environment.train_domains()) shifts.push_back(domain.shift);
  Value::List variables;
  for (const Variable& variable : info.graph.variables) {
    variables.push_back(Value::Table{
        {"name", variable.name}, {"role", role_name(variable.role)}, {"doc", variable.doc}});
  }
  Value::List edges;
  for (const Edge& edge : info.graph.edges) {
    edges.push_back(Value::List{Value(edge.from), Value(edge.to)});
  }
  Value::List counts;
  for (const std::string& line : row_count_lines(info)) counts.emplace_back(line);
  Value::Table facts{
      {"name", trial.environment.name},
      {"options", trial.environment.options},
      {"base_seed", trial.base_seed},
      {"replicate", trial.seed},
      {"depends_on_seed", depends_on_seed(trial.environment, environment, catalog, sources)},
      {"title", info.title},
      {"citation", info.citation},
      {"mechanism", info.mechanism},
      {"deviations", info.deviations},
      {"graph", info.graph.text()},
      {"variables", variables},
      {"edges", edges},
      {"cue", info.cue},
      {"causal", info.causal},
      {"groups", info.groups},
      {"outputs", info.outputs},
      {"row_counts", counts},
      {"dial_name", info.dial.name},
      {"dial_doc", info.dial.doc},
      {"dial_low", info.dial.low},
      {"dial_high", info.dial.high},
      {"train_shifts", shifts},
      {"test_shift", environment.test_domain().shift},
      {"ceilings", ceiling_rows(environment)},
      {"dial_exactness", dial_exactness(environment)},
      {"score", score_name(info.score())}};
  if (const auto grid = picture_grid(environment, kPictureColumns, kPictureBytes)) {
    Value::List lines;
    for (const std::string& line : grid->lines) lines.push_back(line);
    facts["pictures"] = Value::Table{{"png", data::base64(data::png(grid->picture))},
                                     {"width", grid->picture.width},
                                     {"height", grid->picture.height},
                                     {"lines", lines}};
  }
  return facts;
}

namespace {

/// Adds one entry for each setting of the environment that the trials have, up to a limit: the
/// environment of the suite's first replicate.
void add_environment(TrialSpec trial, const Catalog& catalog,
                     const std::shared_ptr<const DataSources>& sources,
                     std::map<std::string, std::vector<std::string>>& settings,
                     std::map<std::string, std::string>& context) {
  const Component& spec = trial.environment;
  std::vector<std::string>& seen = settings[spec.name];
  const std::string options = spec.options.canonical_json();
  if (seen.size() >= kMostSettings || std::find(seen.begin(), seen.end(), options) != seen.end()) {
    return;
  }
  seen.push_back(options);
  trial.seed = 0;
  const auto environment = guarded_world(catalog, spec.name, spec.options,
                                         EnvironmentContext{data_seed(trial), sources});
  const std::string number = seen.size() == 1 ? "" : fmt::format("#{}", seen.size());
  context["environment." + spec.name + number] =
      describe_environment(trial, *environment, catalog, sources).canonical_json();
}

/// Which options of a regime shape its stream.
void add_stream_options(const std::string& regime, const Catalog& catalog,
                        std::map<std::string, std::string>& context) {
  std::vector<std::string> names;
  for (const FieldInfo& field : catalog.regimes.at(regime).schema.fields) {
    if (field.use == FieldUse::stream_axis) names.push_back(field.name);
  }
  if (names.empty()) return;
  context[kStreamOptionsFact + regime] = fmt::format("{}", fmt::join(names, " "));
}

}  // namespace

std::string run_description() {
  const dnnl_version_t* dnnl = dnnl_version();
  return core::build_text(TORCH_VERSION,
                          fmt::format("{}.{}.{}", dnnl->major, dnnl->minor, dnnl->patch));
}

std::map<std::string, std::string> run_context(const Suite& suite,
                                               const std::vector<TrialSpec>& trials,
                                               const Catalog& catalog,
                                               const std::shared_ptr<const DataSources>& sources) {
  std::map<std::string, std::string> context = metric_facts(catalog);
  context["suite"] = suite.stored_text();
  context["suite_name"] = suite.name;
  context["versions"] = run_description();
  context["trials"] = fmt::format("{}", trials.size());
  context["plugins"] = fmt::format("{}", fmt::join(catalog.plugins(), ", "));
  std::map<std::string, std::vector<std::string>> settings;
  // Trials of a grid share their sections: what depends on one is worked out once.
  SectionNumbers numbers;
  std::map<std::int64_t, std::string> needs;  // by what batches of replicas have in common
  std::set<std::int64_t> methods;
  std::set<std::int64_t> environments;
  for (const TrialSpec& trial : trials) {
    // What a method needs to see may depend on its options: those that differ are told apart.
    const auto& method = catalog.methods.at(trial.method.name);
    if (methods.insert(numbers.of(trial.method.name, trial.method.options)).second) {
      looked_at(trial, catalog, [&] {
        std::string& own =
            needs[numbers.of_shared(trial.method.name, trial.method.options, method.schema)];
        if (own.empty()) {
          own = method.make({trial.method.options}, MethodContext{Task::binary, 1, 2, 4})
                    ->needs()
                    .text();
        }
        const auto usual = context.emplace("access." + trial.method.name, own).first;
        if (usual->second != own) context[method_access_key(trial.method)] = own;
      });
    }
    const std::string regime = "access." + trial.regime.name;
    if (context.count(regime) == 0) {
      add_stream_options(trial.regime.name, catalog, context);
      looked_at(trial, catalog, [&] {
        context[regime] =
            catalog.regimes.at(trial.regime.name).make({trial.regime.options})->grants().text();
      });
    }
    if (environments.insert(numbers.of(trial.environment.name, trial.environment.options)).second) {
      looked_at(trial, catalog,
                [&] { add_environment(trial, catalog, sources, settings, context); });
    }
  }
  return context;
}

}  // namespace spurion
