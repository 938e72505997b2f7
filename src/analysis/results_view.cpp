#include "analysis/results_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "spurion/error.hpp"

namespace spurion::analysis {

ResultsView::ResultsView(const StoredResults& results, const std::string& experiment) {
  for (const TrialResult& trial : results.trials) {
    if (trial.spec.experiment != experiment) continue;
    if (trial.status != Status::done) {
      ++diverged_[trial.spec.method.name];
      continue;
    }
    Value setting = trial.spec.canonical();
    for (const char* key : {"method", "regime", "seed", "draw", "suite_seed"}) {
      setting.as_table().erase(key);
    }
    rows_.push_back(
        {&trial, trial.spec.method.name, trial.spec.regime.name, setting.canonical_json()});
    if (!number(trial, "test", "accuracy")) score_ = "loss";
  }
}

std::int64_t ResultsView::diverged(const std::string& method) const {
  const auto found = diverged_.find(method);
  return found == diverged_.end() ? 0 : found->second;
}

std::vector<std::string> ResultsView::methods(const std::string& first) const {
  std::set<std::string> names;
  for (const Row& row : rows_) names.insert(row.method);
  std::vector<std::string> ordered;
  if (names.erase(first) != 0) ordered.push_back(first);
  ordered.insert(ordered.end(), names.begin(), names.end());
  return ordered;
}

std::vector<std::string> ResultsView::regimes() const {
  std::set<std::string> names;
  for (const Row& row : rows_) names.insert(row.regime);
  std::vector<std::string> ordered;
  for (const char* usual : {"offline", "continual", "online"}) {
    if (names.erase(usual) != 0) ordered.emplace_back(usual);
  }
  ordered.insert(ordered.end(), names.begin(), names.end());
  return ordered;
}

std::string ResultsView::score_text() const {
  return score_ == "accuracy" ? "accuracy" : "mean squared error";
}

std::optional<double> number(const TrialResult& trial, const std::string& domain,
                             const std::string& metric, std::optional<std::int64_t> phase) {
  std::optional<double> found;
  // Later rows are later measurements.
  for (const Measurement& row : trial.measurements) {
    if (row.domain == domain && row.metric == metric && (!phase || row.phase == *phase)) {
      found = row.value;
    }
  }
  return found;
}

const Value* option_of(const TrialSpec& spec, const std::string& axis) {
  const auto dot = axis.find('.');
  if (dot == std::string::npos) return nullptr;
  const std::pair<const char*, const Value*> sections[] = {
      {"environment", &spec.environment.options},
      {"model", &spec.model.options},
      {"method", &spec.method.options},
      {"regime", &spec.regime.options},
      {"optimizer", &spec.optimizer},
      {"training", &spec.training},
      {"evaluation", &spec.evaluation}};
  for (const auto& [name, options] : sections) {
    if (axis.compare(0, dot, name) == 0 && options->is_table()) {
      return options->find(axis.substr(dot + 1));
    }
  }
  return nullptr;
}

std::optional<AxisValue> axis_value(const TrialSpec& spec, const std::string& axis) {
  const Value* value = option_of(spec, axis);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return AxisValue{value->as_number(), value->canonical_json()};
  if (value->is_list()) {
    const auto count = static_cast<double>(value->as_list().size());
    return AxisValue{count, fmt::format("{}", count)};
  }
  return std::nullopt;
}

const Value* where_option(const Value& table) {
  const Value* where = table.find("where");
  if (where != nullptr && !where->is_table()) {
    throw UsageError(
        fmt::format("{}: where expects {{ \"section.field\" = value }}", where->where().text()));
  }
  return where;
}

bool matches(const TrialSpec& spec, const Value* where) {
  if (where == nullptr) return true;
  for (const auto& [axis, wanted] : where->as_table()) {
    const Value* value = option_of(spec, axis);
    if (value == nullptr || value->canonical_json() != wanted.canonical_json()) return false;
  }
  return true;
}

std::string setting_without(const TrialSpec& spec, const std::string& axis) {
  Value canonical = spec.canonical();
  const auto dot = axis.find('.');
  Value& section = canonical.as_table().at(axis.substr(0, dot));
  Value::Table& table = section.find("options") != nullptr
                            ? section.as_table().at("options").as_table()
                            : section.as_table();
  table.erase(axis.substr(dot + 1));
  canonical.as_table().erase("seed");
  return canonical.canonical_json();
}

Range range_of(const std::string& metric) {
  const auto ends_in = [&](const std::string& end) {
    return metric.size() >= end.size() &&
           metric.compare(metric.size() - end.size(), end.size(), end) == 0;
  };
  // Only what spurion itself measures: the word may mean something else in a metric of a plug-in.
  if (ends_in("accuracy") || ends_in("group_error") || metric == "error" || metric == "flip_rate" ||
      metric == "ece") {
    return kRate;
  }
  if (metric == "loss" || metric == "prequential_loss" || metric == "brier" ||
      metric == "twin_shift") {
    return {0.0, Range{}.high};
  }
  return {};
}

std::string show(double value, int digits) { return fmt::format("{:.{}f}", value, digits); }

std::string show(const Estimate& estimate, int digits) {
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", estimate.value, digits, estimate.low, digits,
                     estimate.high, digits);
}

}  // namespace spurion::analysis
