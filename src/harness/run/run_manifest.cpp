#include "harness/run/run_manifest.hpp"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <dnnl.hpp>
#include <set>

#include "catalog/method_needs.hpp"
#include "catalog/plugin_parts.hpp"
#include "catalog/section_numbers.hpp"
#include "core/build_text.hpp"
#include "core/measurement_names.hpp"
#include "harness/data/facts_of.hpp"
#include "harness/data/guarded_environment.hpp"
#include "harness/data/image_preview.hpp"
#include "harness/data/seed_dependence.hpp"
#include "harness/measure/metric_set.hpp"
#include "harness/suite/method_access.hpp"
#include "nouns/seeds.hpp"

namespace spurion::harness {

namespace {

/// What a report shows of an environment's rows, where they are pictures: bounds of the grid.
constexpr std::int64_t kPictureColumns = 6;
constexpr std::int64_t kPictureBytes = 160 * 1024;
/// Train domains whose ceilings a report shows.
constexpr std::size_t kMostTrainDomains = 6;
/// Settings of one environment that a report describes.
constexpr std::size_t kMostSettings = 8;

}  // namespace

EnvironmentFacts describe_environment(const TrialSpec& trial, const Environment& environment,
                                      EnvironmentPool& pool) {
  EnvironmentFacts facts = facts_of(environment, kMostTrainDomains);
  facts.name = trial.environment.name;
  facts.options = trial.environment.options;
  facts.base_seed = trial.base_seed;
  facts.seed = trial.seed;
  facts.depends_on_seed = depends_on_seed(trial.environment, environment, pool);
  if (auto grid = picture_grid(environment, kPictureColumns, kPictureBytes)) {
    facts.pictures = PictureFacts{data::base64(data::png(grid->picture)), grid->picture.width,
                                  grid->picture.height, std::move(grid->lines)};
  }
  return facts;
}

namespace {

/// Adds one entry for each setting of the environment that the trials have, up to a limit: the
/// environment of seed 0.
void add_environment(TrialSpec trial, EnvironmentPool& pool,
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
  const auto environment =
      guarded_if_plugin(pool.at(spec, nouns::data_seed(trial)), pool.catalog(), spec.name);
  const std::string number = seen.size() == 1 ? "" : fmt::format("#{}", seen.size());
  context["environment." + spec.name + number] =
      describe_environment(trial, *environment, pool).to_value().canonical_json();
}

/// Which options of a regime shape its stream.
void add_stream_options(const std::string& regime, const Catalog& catalog,
                        std::map<std::string, std::string>& context) {
  std::vector<std::string> names;
  for (const FieldInfo& field : catalog.regimes.at(regime).schema.fields) {
    if (field.use == FieldUse::stream_axis) names.push_back(field.name);
  }
  if (names.empty()) return;
  context[core::kStreamOptionsFact + regime] = fmt::format("{}", fmt::join(names, " "));
}

/// What methods need that differ in no more than replicas of a pack may.
struct MethodNeeds {
  std::string text;   ///< empty: not known yet
  bool told = false;  ///< and the same for all of them
};

void add_method(const TrialSpec& trial, const Catalog& catalog, MethodNeeds& needs,
                std::map<std::string, std::string>& context) {
  catalog::looked_at(trial, catalog, [&] {
    if (needs.text.empty()) needs.text = catalog::method_needs(catalog, trial.method).text();
    const auto known = context.emplace("access." + trial.method.name, needs.text).first;
    if (known->second == needs.text) {
      needs.told = true;
    } else {
      context[method_access_key(trial.method)] = needs.text;  // of these options
    }
  });
}

}  // namespace

std::string run_description() {
  const dnnl_version_t* dnnl = dnnl_version();
  return core::build_text(TORCH_VERSION,
                          fmt::format("{}.{}.{}", dnnl->major, dnnl->minor, dnnl->patch));
}

std::map<std::string, std::string> run_context(const Suite& suite,
                                               const std::vector<TrialSpec>& trials,
                                               EnvironmentPool& pool) {
  const Catalog& catalog = pool.catalog();
  std::map<std::string, std::string> context = metric_facts(catalog);
  context["suite"] = suite.stored_text();
  context["suite_name"] = suite.name;
  context["versions"] = run_description();
  context["trials"] = fmt::format("{}", trials.size());
  context["plugins"] = fmt::format("{}", fmt::join(catalog.plugins(), ", "));
  for (const std::string& name : catalog.methods.names()) {
    const Control control = catalog.methods.at(name).info.control;
    if (control != Control::none) context[core::kControlFact + name] = control_name(control);
  }
  std::map<std::string, std::vector<std::string>> settings;
  // Trials of a grid share their sections: what depends on one is worked out once.
  catalog::SectionNumbers numbers;
  std::map<std::int64_t, MethodNeeds> needs;  // by what packs of replicas have in common
  std::set<std::int64_t> environments;
  for (const TrialSpec& trial : trials) {
    // What a method needs to see may depend on its options: those that differ are told apart.
    const auto& method = catalog.methods.at(trial.method.name);
    MethodNeeds& own =
        needs[numbers.of_shared(trial.method.name, trial.method.options, method.schema)];
    if (!own.told) add_method(trial, catalog, own, context);
    const std::string regime = "access." + trial.regime.name;
    if (context.count(regime) == 0) {
      add_stream_options(trial.regime.name, catalog, context);
      catalog::looked_at(trial, catalog, [&] {
        context[regime] =
            catalog.regimes.at(trial.regime.name).make({trial.regime.options})->grants().text();
      });
    }
    if (environments.insert(numbers.of(trial.environment.name, trial.environment.options)).second) {
      catalog::looked_at(trial, catalog, [&] { add_environment(trial, pool, settings, context); });
    }
  }
  return context;
}

}  // namespace spurion::harness
