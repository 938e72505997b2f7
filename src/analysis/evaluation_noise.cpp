#include "spurion/analysis/evaluation_noise.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "analysis/dial_noise.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// "rows" of the part of this name, of predictions made elsewhere.
double scored_rows(const Value& parts, const std::string& domain) {
  if (!parts.is_list()) return 0.0;
  for (const Value& part : parts.as_list()) {
    const Value* name = part.is_table() ? part.find("domain") : nullptr;
    const Value* count = part.is_table() ? part.find("rows") : nullptr;
    if (name != nullptr && name->is_string() && name->as_string() == domain && count != nullptr &&
        count->is_number()) {
      return count->as_number();
    }
  }
  return 0.0;
}

/// Of a mean over the train domains, each of which has the same weight: the number of rows of one
/// domain that would leave it as unsure, k^2 / sum(1 / n). It is the sum where all have the same.
EvaluatedRows rows_of_train_domains(const TrialResult& trial, const std::string& metric) {
  double domains = 0.0;
  double inverse = 0.0;
  bool all = false;
  for (int i = 0;; ++i) {
    const std::string domain = "train_" + std::to_string(i);
    if (!number(trial, domain, metric)) break;
    const EvaluatedRows own = evaluated_rows(trial, domain);
    domains += 1.0;
    inverse += 1.0 / own.rows;  // infinite where it is not known, so that nothing is
    all = all || own.all;
  }
  if (domains == 0.0) return evaluated_rows(trial, "in_distribution");
  return {domains * domains / inverse, all};
}

/// Of a gap: two rates, each on rows of its own.
RowNoise gap_noise(const TrialResult& trial, const std::string& domain) {
  const auto own = number(trial, domain, "accuracy");
  const auto id = number(trial, "in_distribution", "accuracy");
  if (!own || !id) return {};
  const RowNoise first = row_noise(trial, domain, "accuracy", *own);
  const RowNoise second = row_noise(trial, "in_distribution", "accuracy", *id);
  return {std::hypot(first.deviation, second.deviation), std::min(first.rows, second.rows),
          first.same_rows || second.same_rows};
}

/// Of (invariant ceiling - accuracy) / (invariant ceiling - cue only).
RowNoise confusion_noise(const TrialResult& trial) {
  const auto own = number(trial, "test", "accuracy");
  const auto invariant = number(trial, "test", "ceiling_invariant");
  const auto cue = number(trial, "test", "ceiling_spurious_only");
  if (!own || !invariant || !cue || !(*invariant > *cue)) return {};
  RowNoise noise = row_noise(trial, "test", "accuracy", *own);
  noise.unit = 1.0 / (*invariant - *cue);
  noise.deviation *= noise.unit;
  return noise;
}

}  // namespace

RowNoise mixture_noise(double first, double second, double share, double rows, bool same_rows) {
  if (!(rows > 0.0) || std::isnan(first + second + share)) return {};
  const double more = rows + 4.0;
  const auto middle = [&](double rate) { return (std::clamp(rate, 0.0, 1.0) * rows + 2.0) / more; };
  const double a = middle(first);
  const double b = middle(second);
  const double s = std::clamp(share, 0.0, 1.0);
  const double together = std::max(0.0, a + b - 1.0) - a * b;
  const double variance = (1.0 - s) * (1.0 - s) * a * (1.0 - a) + s * s * b * (1.0 - b) +
                          2.0 * s * (1.0 - s) * together;
  return {std::sqrt(std::max(0.0, variance) / more), rows, same_rows};
}

RowNoise rate_noise(double rate, double rows, bool same_rows) {
  if (!(rows > 0.0) || !(rate >= 0.0 && rate <= 1.0)) return {};
  const double more = rows + 4.0;
  const double middle = (rate * rows + 2.0) / more;
  return {std::sqrt(middle * (1.0 - middle) / more), rows, same_rows};
}

RowNoise paired_noise(double difference, double rows, bool same_rows) {
  if (!(rows > 0.0) || std::isnan(difference)) return {};
  const double differ = (std::min(std::abs(difference), 1.0) * rows + 1.0) / (rows + 2.0);
  return {std::sqrt(differ * (1.0 - differ) / rows), rows, same_rows};
}

EvaluatedRows evaluated_rows(const TrialResult& trial, const std::string& domain) {
  const Value& evaluation = trial.spec.evaluation;
  if (!evaluation.is_table()) return {};
  if (const Value* parts = evaluation.find("parts")) return {scored_rows(*parts, domain), false};
  const Value* rows = evaluation.find("rows");
  if (rows == nullptr || !rows->is_number()) return {};
  if (domain.rfind("validation", 0) == 0) return {number(trial, domain, "rows").value_or(0.0)};
  const auto fewer = number(trial, domain, "evaluated_rows", 0);
  return {fewer.value_or(rows->as_number()), fewer.has_value()};
}

RowNoise row_noise(const TrialResult& trial, const std::string& domain, const std::string& metric,
                   double value) {
  if (metric == "gap") return gap_noise(trial, domain);
  if (metric == "confusion_index") return confusion_noise(trial);
  if (metric == "shortcut_bias") {  // a flip rate less what is exact
    const auto flips = number(trial, domain, "flip_rate");
    return flips ? row_noise(trial, domain, "flip_rate", *flips) : RowNoise{};
  }
  if (domain.rfind("dial=", 0) == 0) return DialNoise(domain, metric)(trial, value);
  const bool of_groups = metric.rfind("group_", 0) == 0;
  if (of_groups || metric.rfind("train_", 0) == 0 || domain == "stream") return {};
  EvaluatedRows measured = domain == "in_distribution" ? rows_of_train_domains(trial, metric)
                                                       : evaluated_rows(trial, domain);
  if (metric == "worst_group_accuracy" || metric == "worst_group_error") {
    measured.rows = number(trial, domain, "worst_group_rows").value_or(0.0);
  } else if (metric == "cue_contribution") {
    return paired_noise(value, measured.rows, measured.all);
  }
  const bool rate = ends_with(metric, "accuracy") || metric == "error" ||
                    metric == "worst_group_error" || ends_with(metric, "flip_rate");
  return rate ? rate_noise(value, measured.rows, measured.all) : RowNoise{};
}

}  // namespace spurion::analysis
