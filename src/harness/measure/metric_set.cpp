#include "harness/measure/metric_set.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "core/measurement_names.hpp"
#include "nouns/border_checks.hpp"

namespace spurion::harness {

namespace {

/// Throws unless a metric declares the measurement that it gives.
void check_declared(const std::vector<MetricInfo>& columns, const std::string& name) {
  std::vector<std::string> declared;
  for (const MetricInfo& column : columns) {
    if (column.names(name)) return;
    declared.push_back(column.name);
  }
  throw PluginError(
      fmt::format("it gives a measurement '{}', which is not among the columns that it declares "
                  "({})",
                  name, declared.empty() ? "none" : fmt::format("{}", fmt::join(declared, ", "))));
}

Predictions private_copy(const Predictions& chunk) {
  const auto copy = [](const Tensor& tensor) { return tensor.defined() ? tensor.clone() : tensor; };
  return {copy(chunk.logits), copy(chunk.twin_logits), copy(chunk.y), copy(chunk.group)};
}

/// Rows of every class and group, and predictions right and wrong of them.
Predictions some_predictions(const EnvironmentInfo& info, bool twins) {
  constexpr std::int64_t kRows = 24;
  const std::int64_t classes = info.task == Task::binary ? 2 : info.outputs;
  const Tensor index = at::arange(kRows, at::kLong);
  Predictions chunk;
  chunk.logits = (index.unsqueeze(1) * 7 + at::arange(info.outputs, at::kLong) * 5)
                     .remainder(11)
                     .to(at::kFloat)
                     .sub(5.0)
                     .unsqueeze(0);
  if (twins) chunk.twin_logits = -chunk.logits;
  chunk.y = info.task == Task::regression ? index.to(at::kFloat).sin().unsqueeze(0)
                                          : index.remainder(classes).unsqueeze(0);
  if (info.groups > 0) chunk.group = index.remainder(info.groups).unsqueeze(0);
  return chunk;
}

}  // namespace

std::vector<MetricInfo> declared_columns(const Catalog& catalog) {
  std::vector<MetricInfo> all;
  for (const std::string& name : catalog.metrics.names()) {
    core::blamed(core::part_of(catalog.metrics, name), [&] {
      for (MetricInfo& column : columns_of(catalog, name)) {
        if (core::own_metric(column.name) == nullptr) all.push_back(std::move(column));
      }
    });
  }
  return all;
}

std::map<std::string, std::string> metric_facts(const Catalog& catalog) {
  std::map<std::string, std::string> facts;
  for (const std::string& name : catalog.metrics.names()) {
    std::vector<MetricInfo> columns;
    try {
      columns = columns_of(catalog, name);
    } catch (...) {
      if (catalog.metrics.at(name).info.builtin()) throw;
    }
    for (const MetricInfo& column : columns) {
      if (core::own_metric(column.name) == nullptr)
        facts[core::kMetricFact + column.name] = to_json(column);
    }
  }
  return facts;
}

MetricSet::MetricSet(const Catalog& catalog, const MetricContext& context)
    : replicas_(context.replicas) {
  for (const std::string& name : catalog.metrics.names()) {
    const core::Part part = core::part_of(catalog.metrics, name);
    core::blamed(part, [&] {
      auto metric = catalog.metrics.at(name).make({Value()}, context);
      if (!metric->applies(context)) return;
      std::vector<MetricInfo> columns;
      if (!part.builtin) columns = metric->columns();
      entries_.push_back({part, std::move(metric), std::move(columns)});
    });
  }
}

void MetricSet::add(const Predictions& chunk) {
  for (const Entry& entry : entries_) {
    core::blamed(entry.part,
                 [&] { entry.metric->add(entry.part.builtin ? chunk : private_copy(chunk)); });
  }
}

MetricValues MetricSet::results() const {
  MetricValues values;
  std::map<std::string, const core::Part*> givers;
  const auto collect = [&](const Entry& entry) {
    core::blamed(entry.part, [&] {
      const auto results = entry.metric->result();
      nouns::check_results(results, replicas_);
      for (const auto& [name, value] : results) {
        const auto [giver, free] = givers.emplace(name, &entry.part);
        std::string taken;
        if (!free) {
          taken = fmt::format("what {} gives", giver->second->text());
        } else if (!entry.part.builtin && core::own_metric(name) != nullptr) {
          taken = "a number that spurion computes itself";
        }
        if (!taken.empty()) {
          throw PluginError(fmt::format(
              "its measurement '{}' has the name of {}; give it a name of its own", name, taken));
        }
        if (!entry.part.builtin) check_declared(entry.columns, name);
        values[name] = value;
      }
    });
  };
  // Built-ins first: a name that is taken twice is attributed to the other.
  for (const Entry& entry : entries_) {
    if (entry.part.builtin) collect(entry);
  }
  for (const Entry& entry : entries_) {
    if (!entry.part.builtin) collect(entry);
  }
  return values;
}

void check_metrics(const Catalog& catalog, const EnvironmentInfo& info) {
  bool strangers = false;
  for (const std::string& name : catalog.metrics.names()) {
    strangers = strangers || !catalog.metrics.at(name).info.builtin();
  }
  if (!strangers) return;
  const at::NoGradGuard no_grad;
  for (const bool twins : {false, true}) {
    MetricSet metrics(catalog, MetricContext{info.task, 1, info.groups});
    metrics.add(some_predictions(info, twins));
    (void)metrics.results();
  }
}

}  // namespace spurion::harness
