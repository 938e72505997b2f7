#include "harness/exchange/score.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/place_of.hpp"
#include "core/safe_name.hpp"
#include "harness/data/data_fingerprint.hpp"
#include "harness/measure/ceiling_measurements.hpp"
#include "harness/measure/confusion_index.hpp"
#include "harness/measure/pack_scorer.hpp"
#include "harness/run/kept_trials.hpp"
#include "harness/run/provenance_maker.hpp"
#include "harness/run/run_manifest.hpp"
#include "harness/store/seal.hpp"
#include "nouns/named_domains.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"

namespace spurion {

namespace {

constexpr const char* kElsewhere = "elsewhere";

using Values = std::map<std::string, double>;

Values measure(const Sample& rows, const Tensor& logits, const Tensor& twin_logits,
               const EnvironmentInfo& info, const Catalog& catalog) {
  const at::NoGradGuard no_grad;
  const MetricContext context{info.task, 1, info.groups};
  MetricSet metrics(catalog, context);
  for (std::int64_t first = 0; first < logits.size(0); first += kEvaluationChunk) {
    const std::int64_t count = std::min(kEvaluationChunk, logits.size(0) - first);
    const auto part = [&](const Tensor& all) {
      return all.defined() ? all.narrow(0, first, count).unsqueeze(0) : Tensor();
    };
    Predictions chunk;
    chunk.logits = part(logits);
    chunk.twin_logits = part(twin_logits);
    chunk.y = part(rows.y);
    chunk.group = part(rows.group);
    metrics.add(chunk);
  }
  Values values;
  for (const auto& [name, value] : metrics.results()) {
    if (!std::isnan(value[0].item<double>())) values[name] = value[0].item<double>();
  }
  return values;
}

std::string hash_of(const Tensor& tensor) {
  if (!tensor.defined()) return "none";
  const Tensor dense = tensor.contiguous();
  return fmt::format(
      "{:016x}",
      RandomKey(0)
          .child(std::string_view(static_cast<const char*>(dense.data_ptr()),
                                  static_cast<std::size_t>(dense.numel()) * dense.element_size()))
          .value());
}

TrialSpec spec_of(const RowSet& set, const ScoredLogits& predictions, const std::string& name) {
  TrialSpec spec;
  spec.environment = set.environment;
  spec.model.name = kElsewhere;
  // Part of the identity: other predictions are another trial.
  spec.method = {name, Value::Table{{"logits", hash_of(predictions.logits)},
                                    {"twin_logits", hash_of(predictions.twin_logits)}}};
  spec.regime.name = kElsewhere;
  Value rows = set.to_value();
  spec.evaluation = Value::Table{{"split", *rows.find("split")}, {"parts", *rows.find("parts")}};
  spec.seed = set.seed;
  spec.base_seed = set.base_seed;
  return spec;
}

}  // namespace

TrialResult score_predictions(const RowSet& set, const Environment& environment,
                              const RowSetSample& rows, const ScoredLogits& predictions,
                              const Catalog& catalog, const std::string& name) {
  if (set.split == Split::validation) {
    throw UsageError(
        "validation rows are for selection, not for reporting: score rows of the test or train "
        "split");
  }
  SPURION_CHECK(predictions.logits.size(0) == set.count(), "as many logits as rows");
  const bool held_out = set.split == Split::test;
  const EnvironmentInfo& info = environment.info();
  TrialResult result;
  result.spec = spec_of(set, predictions, name);
  const auto store = [&](const Domain& domain, const std::string& metric, double value) {
    result.measurements.push_back({0, 0, domain.name, domain.shift, metric, value});
  };

  std::map<std::string, Values> by_domain;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < set.parts.size(); ++i) {
    const std::int64_t count = set.parts[i].rows.count;
    const auto part = [&](const Tensor& all) {
      return all.defined() ? all.narrow(0, first, count) : Tensor();
    };
    Values values = measure(rows.factual[i], part(predictions.logits),
                            part(predictions.twin_logits), info, catalog);
    first += count;
    if (!by_domain.emplace(rows.domains[i].name, values).second) {
      throw UsageError(fmt::format("domain '{}' appears twice", rows.domains[i].name));
    }
    for (const auto& [metric, value] : values) {
      if (held_out) {
        store(rows.domains[i], metric, value);
      } else if (metric == "accuracy" || metric == "loss") {
        store(rows.domains[i], "train_" + metric, value);
      }
    }
  }

  // Means over train domains are those of all of them, or they would not be what others mean.
  Domain average;
  average.name = "in_distribution";
  Values id;
  const auto train = environment.train_domains();
  const bool all_train = std::all_of(train.begin(), train.end(), [&](const Domain& domain) {
    return by_domain.count(domain.name) != 0;
  });
  for (const char* metric : {"accuracy", "loss"}) {
    if (!all_train || by_domain.at(train.front().name).count(metric) == 0) continue;
    double sum = 0.0;
    for (const Domain& domain : train) sum += by_domain.at(domain.name).at(metric);
    id[metric] = sum / static_cast<double>(train.size());
    store(average, held_out ? metric : std::string("train_") + metric, id[metric]);
  }
  if (!held_out) return result;
  if (const auto test = by_domain.find("test"); test != by_domain.end()) {
    const Domain domain = environment.test_domain();
    const bool accuracy = info.score() == Score::accuracy;
    const char* metric = accuracy ? "accuracy" : "loss";
    const double score = test->second.at(metric);
    if (id.count(metric) != 0) {
      store(domain, "gap", accuracy ? id[metric] - score : score - id[metric]);
    }
    if (const auto index = confusion_index(environment, score)) {
      store(domain, "confusion_index", *index);
    }
  }
  for (const Domain& domain : one_cue_domains(environment)) {
    const auto own = by_domain.find(domain.name);
    const char* metric = info.score() == Score::accuracy ? "accuracy" : "loss";
    if (own == by_domain.end() || id.count(metric) == 0) continue;
    const double lost = id[metric] - own->second.at(metric);
    store(domain, "gap", info.score() == Score::accuracy ? lost : -lost);
  }
  for (Measurement& ceiling : ceilings_of(environment)) {
    result.measurements.push_back(std::move(ceiling));
  }
  return result;
}

void store_scored(const TrialResult& result, const Environment& environment, const Catalog& catalog,
                  const std::filesystem::path& folder, const std::string& experiment) {
  if (!is_safe_name(experiment)) {
    throw UsageError(fmt::format("--experiment expects {}, got '{}'", kSafeNames, experiment));
  }
  const auto sources = std::make_shared<const DataSources>(catalog.image_sources);
  EnvironmentPool pool(catalog, sources);
  const auto data = data_fingerprints({result.spec}, pool);
  Store store(folder);
  check_store_data(store.facts(), folder, data);
  const StoredResults before = read_results(folder);
  std::map<std::string, std::string> context;
  if (const auto suite = before.context.find("suite"); suite != before.context.end()) {
    std::vector<std::string> names;
    for (const Experiment& one : Suite::parse(suite->second, "suite").experiments) {
      names.push_back(one.name);
    }
    if (std::find(names.begin(), names.end(), experiment) == names.end()) {
      throw UsageError(fmt::format(
          "{}; choose one of these or another --out",
          unknown_name_of("experiment", experiment,
                          fmt::format("of the suite in '{}'", folder.string()), names)));
    }
  } else {
    context["suite"] = fmt::format(
        "name = \"scored\"\ntitle = \"Predictions made elsewhere\"\n[[experiment]]\nname = "
        "\"{}\"\n",
        experiment);
    context["suite_name"] = "scored";
    context["versions"] = run_description();
  }
  for (const TrialResult& other : before.trials) {
    const TrialSpec& theirs = other.spec;
    const TrialSpec& own = result.spec;
    if (theirs.method.name != own.method.name || theirs.experiment != experiment ||
        theirs.id() == own.id() || theirs.seed != own.seed || theirs.base_seed != own.base_seed ||
        theirs.environment.name != own.environment.name ||
        theirs.environment.options != own.environment.options ||
        theirs.evaluation != own.evaluation) {
      continue;
    }
    throw UsageError(fmt::format(
        "other predictions called '{}' on these rows are in '{}' already; use another --name, "
        "--seed or --out",
        own.method.name, folder.string()));
  }
  std::map<std::string, std::string> facts = metric_facts(catalog);
  facts["access." + result.spec.method.name] = "not known (trained by another program)";
  // Of each setting of an environment its own: a suite may have others.
  facts[fmt::format(
      "environment.{}#{}", result.spec.environment.name,
      core::hex(Seal("options").add(result.spec.environment.options.canonical_json()).finish()))] =
      describe_environment(result.spec, environment, pool).to_value().canonical_json();
  TrialResult own = result;
  own.made_by = ProvenanceMaker(catalog, data, c10::kCPU).of(result.spec);
  store.set_context(context);
  store.add_scored(own, experiment, facts);
}

}  // namespace spurion
