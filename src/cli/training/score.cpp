#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "cli/training/rows.hpp"
#include "core/measurement_names.hpp"
#include "harness/data/row_counts.hpp"
#include "harness/exchange/predictions.hpp"
#include "harness/exchange/score.hpp"
#include "harness/exchange/torchscript_model.hpp"
#include "harness/run/device.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion::cli {

namespace {

constexpr std::int64_t kScoredRows = 2000;
constexpr std::int64_t kChunk = 1000;
constexpr const char* kScript = "script:";

struct Scored {
  RowsOfWorld world;
  harness::RowSetSample rows;
  harness::ScoredLogits logits;
};

harness::PredictionKind kind_of(const ScoreArguments& arguments) {
  if (arguments.probabilities) return harness::PredictionKind::probabilities;
  return arguments.logits ? harness::PredictionKind::logits : harness::PredictionKind::unsaid;
}

/// Which rows the predictions of a file are about: what its metadata say, or what was typed.
RowsOfWorld rows_of_file(const ScoreArguments& arguments, const Catalog& catalog,
                         const std::optional<Value>& metadata) {
  const std::string place = fmt::format("'{}'", arguments.what);
  if (!metadata) {
    if (arguments.environment.empty()) {
      throw UsageError(fmt::format(
          "{} does not say which rows its logits belong to: keep the metadata array of 'spurion "
          "export', or give --environment, its options, --domain, --rows and --seed",
          place));
    }
    return rows_of(catalog, arguments.environment, arguments.rows, kScoredRows, false);
  }
  std::vector<std::string> contradicting = arguments.given;
  if (!arguments.environment.empty()) contradicting.emplace_back("--environment");
  if (!contradicting.empty()) {
    throw UsageError(fmt::format("{} already says which rows its logits belong to; leave out {}",
                                 place, fmt::join(contradicting, ", ")));
  }
  RowsOfWorld out;
  out.set = harness::RowSet::from_value(*metadata, catalog, place + ", array 'metadata'");
  out.environment = harness::make_environment(
      out.set, catalog, std::make_shared<const DataSources>(catalog.image_sources));
  return out;
}

Scored score_file(const ScoreArguments& arguments, const Catalog& catalog) {
  const std::string place = fmt::format("'{}'", arguments.what);
  const std::optional<Value> metadata = harness::read_prediction_metadata(arguments.what);
  Scored out;
  out.world = rows_of_file(arguments, catalog, metadata);
  const Environment& environment = *out.world.environment;
  // As many logits as rows, before rows are made: the file's word for them may be any number.
  const std::int64_t count = out.world.set.count();
  const harness::PredictionFile file = harness::read_predictions(arguments.what, count);
  const auto logits_of = [&](const Tensor& values, const std::string& name) {
    const EnvironmentInfo& info = environment.info();
    const std::string in = place + ", " + name;
    return harness::checked_logits(harness::as_logits(values, kind_of(arguments), info, in), info,
                                   count, in);
  };
  out.logits.logits = logits_of(file.logits, "logits");
  if (file.twin_logits.defined()) {
    out.logits.twin_logits = logits_of(file.twin_logits, "twin_logits");
  }
  out.rows = harness::sample_rows(out.world.set, environment);
  if (file.twin_logits.defined() && out.rows.twins.empty()) {
    throw DataError(fmt::format("{} has twin_logits, but rows of {} have no twins", place,
                                environment.info().name));
  }
  if (file.labels.defined()) {
    std::vector<Tensor> labels;
    for (const Sample& part : out.rows.factual) labels.push_back(part.y);
    harness::check_labels(file.labels, at::cat(labels), place);
  }
  if (metadata) {
    const Value* known = metadata->find("fingerprint");
    if (known == nullptr || !known->is_string() ||
        known->as_string() != harness::fingerprint(out.rows)) {
      throw DataError(
          fmt::format("{}: these are not the exported rows: another version of spurion or another "
                      "data file made them; export them again",
                      place));
    }
  }
  return out;
}

/// Logits of a scripted module on rows of all parts.
Tensor predict(harness::ScriptModel& model, const std::vector<Sample>& parts,
               harness::PredictionKind kind, const EnvironmentInfo& info,
               const std::string& place) {
  std::vector<Tensor> all;
  for (const Sample& part : parts) {
    for (std::int64_t first = 0; first < part.x.size(0); first += kChunk) {
      const std::int64_t count = std::min(kChunk, part.x.size(0) - first);
      const Tensor values = model.logits(part.x.narrow(0, first, count));
      (void)harness::checked_logits(values, info, count, place);
      all.push_back(values.reshape({count, -1}));
    }
  }
  const Tensor values = at::cat(all);
  return harness::checked_logits(harness::as_logits(values, kind, info, place), info,
                                 values.size(0), place);
}

Scored score_model(const ScoreArguments& arguments, const Catalog& catalog) {
  if (arguments.model.rfind(kScript, 0) != 0) {
    throw UsageError(
        fmt::format("--model: expects script:FILE, a TorchScript file, got '{}'", arguments.model));
  }
  if (!arguments.environment.empty()) {
    throw UsageError("with --model the environment is the first argument; leave out --environment");
  }
  const std::string file = arguments.model.substr(std::string(kScript).size());
  const Device device = named_device(arguments.device);
  harness::prepare_device(device);
  harness::ScriptModel model(file, device);
  Scored out;
  out.world = rows_of(catalog, arguments.what, arguments.rows, kScoredRows, true);
  out.rows = harness::sample_rows(out.world.set, *out.world.environment);
  const EnvironmentInfo& info = out.world.environment->info();
  const std::string place = fmt::format("'{}'", file);
  const harness::PredictionKind kind = kind_of(arguments);
  out.logits.logits = predict(model, out.rows.factual, kind, info, place);
  if (!out.rows.twins.empty()) {
    out.logits.twin_logits = predict(model, out.rows.twins, kind, info, place);
  }
  return out;
}

/// What the table of scores shows: numbers that are better high or low, one of each name.
std::vector<std::string> shown_metrics(const Catalog& catalog) {
  std::vector<MetricInfo> columns = core::own_metrics();
  for (MetricInfo& column : catalog.metric_columns()) {
    if (core::own_metric(column.name) == nullptr) columns.push_back(std::move(column));
  }
  std::vector<std::string> shown;
  for (const MetricInfo& column : columns) {
    const bool one = column.name.find('*') == std::string::npos;
    if (one && column.better != Better::neither) shown.push_back(column.name);
  }
  return shown;
}

void print_scores(const TrialResult& result, const Catalog& catalog) {
  const std::vector<std::string> shown = shown_metrics(catalog);
  std::vector<std::string> order;
  std::map<std::string, std::map<std::string, double>> by_domain;
  std::map<std::string, bool> used;
  for (const MeasurementRow row : result.measurements) {
    if (std::find(shown.begin(), shown.end(), row.metric) == shown.end()) continue;
    if (by_domain.count(row.domain) == 0) order.push_back(row.domain);
    by_domain[row.domain][row.metric] = row.value;
    used[row.metric] = true;
  }
  std::vector<std::string> header = {"domain"};
  for (const std::string& metric : shown) {
    if (used.count(metric) != 0) header.push_back(metric);
  }
  Table table(header);
  for (const std::string& domain : order) {
    std::vector<std::string> cells = {domain};
    for (std::size_t i = 1; i < header.size(); ++i) {
      const auto found = by_domain[domain].find(header[i]);
      cells.push_back(found == by_domain[domain].end() ? "" : fmt::format("{:.4f}", found->second));
    }
    table.add(cells);
  }
  print("{}", table.text(2, terminal_columns(STDOUT_FILENO, 140)));
}

/// Groups of which no row was scored, by domain: what is said of groups is about the others.
void print_missing_groups(const Scored& scored) {
  const EnvironmentInfo& info = scored.world.environment->info();
  for (std::size_t i = 0; i < scored.rows.factual.size(); ++i) {
    if (info.groups == 0 || !scored.rows.factual[i].group.defined()) continue;
    const Tensor group = scored.rows.factual[i].group.contiguous();
    RowCounts counts;
    counts.groups.resize(static_cast<std::size_t>(info.groups), 0);
    const std::int64_t* own = group.data_ptr<std::int64_t>();
    for (std::int64_t row = 0; row < group.numel(); ++row) {
      ++counts.groups[static_cast<std::size_t>(own[row])];
    }
    const std::string missing = harness::missing_groups(counts, info);
    if (missing.empty()) continue;
    print("  {}: group {} has no rows, so the worst group is the worst of the others\n",
          scored.rows.domains[i].name, missing);
  }
}

std::string default_name(const ScoreArguments& arguments) {
  const std::string file = arguments.model.empty()
                               ? arguments.what
                               : arguments.model.substr(std::string(kScript).size());
  return std::filesystem::path(file).stem().string();
}

}  // namespace

int score(const ScoreArguments& arguments, const Catalog& catalog) {
  const Scored scored =
      arguments.model.empty() ? score_file(arguments, catalog) : score_model(arguments, catalog);
  const std::string name = arguments.name.empty() ? default_name(arguments) : arguments.name;
  const Environment& environment = *scored.world.environment;
  const TrialResult result = harness::score_predictions(
      {scored.world.set, environment, scored.rows}, scored.logits, catalog, name);
  harness::store_scored(result, environment, catalog, arguments.out, arguments.experiment);
  print("{} on {}\n", name, environment.info().name);
  print_scores(result, catalog);
  print_missing_groups(scored);
  print("stored in {}; for charts: {}\n", arguments.out,
        shell_line({"spurion", "report", arguments.out}));
  return 0;
}

}  // namespace spurion::cli
