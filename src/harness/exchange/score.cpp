#include "harness/exchange/score.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "core/measurement_names.hpp"
#include "core/place_of.hpp"
#include "core/safe_name.hpp"
#include "harness/data/data_fingerprint.hpp"
#include "harness/measure/ceiling_measurements.hpp"
#include "harness/measure/domain_scores.hpp"
#include "harness/measure/row_scorer.hpp"
#include "harness/run/kept_trials.hpp"
#include "harness/run/provenance_maker.hpp"
#include "harness/run/run_manifest.hpp"
#include "harness/store/seal.hpp"
#include "harness/store/stored_suite.hpp"
#include "harness/suite/added_options.hpp"
#include "harness/suite/scored_trials.hpp"
#include "nouns/named_domains.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"

namespace spurion::harness {

namespace {

/// Predictions made elsewhere of the rows of one domain, and of their twins where they are known.
class LogitPredictor final : public Predictor {
 public:
  LogitPredictor(const Sample& rows, Tensor logits, Tensor twin_logits)
      : rows_(&rows), logits_(std::move(logits)), twin_logits_(std::move(twin_logits)) {}

  [[nodiscard]] Intervention::Kind made_by(Rows rows) const override {
    const bool there = rows == Rows::cue_twin && twin_logits_.defined();
    return there ? Intervention::Kind::flip : Intervention::Kind::none;
  }
  [[nodiscard]] Tensor logits(Rows rows, RowRange range) override {
    return part(rows == Rows::cue_twin ? twin_logits_ : logits_, range);
  }
  [[nodiscard]] Tensor member(Rows /*rows*/, Tensor Sample::*which, RowRange range) const override {
    return part(rows_->*which, range);
  }

 private:
  /// [1, B, ...]
  static Tensor part(const Tensor& all, RowRange range) {
    return all.defined() ? all.narrow(0, range.first, range.count).unsqueeze(0) : Tensor();
  }

  const Sample* rows_;
  Tensor logits_;
  Tensor twin_logits_;
};

bool is_score(const std::string& metric) {
  return std::any_of(std::begin(core::kScoreMetrics), std::end(core::kScoreMetrics),
                     [&](core::MetricId id) { return metric == core::stored_name(id); });
}

/// Collects what is known of one replica: not a number has no meaning.
class Scores {
 public:
  explicit Scores(TrialResult& result) : result_(&result) {}
  void store(const Domain& domain, const std::string& metric, const Tensor& value) {
    const double number = value[0].item<double>();
    if (std::isnan(number)) return;
    result_->measurements.push_back({0, 0, domain.name, domain.shift, metric, number});
  }
  /// Of held-out rows everything, of rows to train on the scores under names of their own.
  void store(const Domain& domain, const MetricValues& values, bool held_out) {
    for (const auto& [metric, value] : values) {
      if (held_out) {
        store(domain, metric, value);
      } else if (is_score(metric)) {
        store(domain, core::stored_name(core::on_training_rows(core::parse_metric(metric).id)),
              value);
      }
    }
  }

 private:
  TrialResult* result_;
};

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

TrialResult score_predictions(const ScoredSet& of, const ScoredLogits& predictions,
                              const Catalog& catalog, const std::string& name) {
  const RowSet& set = of.set;
  const Environment& environment = of.environment;
  const RowSetSample& rows = of.rows;
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
  Scores scores(result);
  std::map<std::string, MetricValues> by_domain;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < set.parts.size(); ++i) {
    const std::int64_t count = set.parts[i].rows.count;
    const auto part = [&](const Tensor& all) {
      return all.defined() ? all.narrow(0, first, count) : Tensor();
    };
    LogitPredictor predictor(rows.factual[i], part(predictions.logits),
                             part(predictions.twin_logits));
    MetricValues values = score_rows(predictor, count, catalog, {info.task, 1, info.groups});
    first += count;
    scores.store(rows.domains[i], values, held_out);
    if (!by_domain.emplace(rows.domains[i].name, std::move(values)).second) {
      throw UsageError(fmt::format("domain '{}' appears twice", rows.domains[i].name));
    }
  }

  // Means over train domains are those of all of them.
  MetricValues id;
  std::vector<MetricValues> train;
  for (const Domain& domain : environment.train_domains()) {
    const auto own = by_domain.find(domain.name);
    if (own != by_domain.end()) train.push_back(own->second);
  }
  if (train.size() == environment.train_domains().size()) {
    id = mean_over_domains(train, is_score);
    Domain average;
    average.name = core::stored_domain(core::MeasuredIn::in_distribution);
    scores.store(average, id, held_out);
  }
  if (!held_out) return result;
  const auto store_added = [&](const Domain& domain, const MetricValues& before,
                               const MetricValues& after) {
    for (const auto& [metric, value] : after) {
      if (before.count(metric) == 0) scores.store(domain, metric, value);
    }
  };
  const Domain test = environment.test_domain();
  if (const auto own = by_domain.find(test.name); own != by_domain.end()) {
    MetricValues values = own->second;
    add_gap(info.score(), id, values);
    add_confusion({&environment}, values);
    store_added(test, own->second, values);
  }
  for (const Domain& domain : nouns::one_cue_domains(environment)) {
    const auto own = by_domain.find(domain.name);
    if (own == by_domain.end()) continue;
    MetricValues values = own->second;
    add_gap(info.score(), id, values);
    store_added(domain, own->second, values);
  }
  for (Measurement& ceiling : ceilings_of(environment)) {
    result.measurements.push_back(std::move(ceiling));
  }
  return result;
}

void store_scored(const TrialResult& result, const Environment& environment, const Catalog& catalog,
                  const std::filesystem::path& folder, const std::string& experiment) {
  if (!core::is_safe_name(experiment)) {
    throw UsageError(
        fmt::format("--experiment expects {}, got '{}'", core::kSafeNames, experiment));
  }
  const auto sources = std::make_shared<const DataSources>(catalog.image_sources);
  EnvironmentPool pool(catalog, sources);
  const auto data = data_fingerprints({result.spec}, pool);
  Store store(folder);
  check_store_data(store.facts(), folder, data);
  const StoredResults before = read_results(folder);
  std::map<std::string, std::string> context;
  if (before.context.count("suite") != 0) {
    std::vector<std::string> names;
    for (const Experiment& one : stored_suite(before)->experiments) {
      names.push_back(one.name);
    }
    if (std::find(names.begin(), names.end(), experiment) == names.end()) {
      throw UsageError(fmt::format(
          "{}; choose one of these or another --out",
          core::unknown_name_of("experiment", experiment,
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
        // As stores have it: what was stored has the options that were added since.
        without_added("evaluation", theirs.evaluation) !=
            without_added("evaluation", own.evaluation)) {
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

}  // namespace spurion::harness
