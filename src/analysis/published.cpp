#include <fmt/format.h>

#include <cmath>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

/// A published number: mean and population standard deviation over runs.
struct Published {
  std::string label;
  std::string domain;
  std::string metric;
  std::string note;
  double value = 0.0;
  double spread = 0.0;
  double runs = 1.0;
};

Published read_row(const Value& row) {
  const auto text = [&](const char* key, bool required) -> std::string {
    const Value* value = row.find(key);
    if (value == nullptr && !required) return {};
    if (value == nullptr || !value->is_string()) {
      throw UsageError(fmt::format("{}: a row of a 'published' question needs {} = \"...\"",
                                   row.where().text(), key));
    }
    return value->as_string();
  };
  const auto number = [&](const char* key) {
    const Value* value = row.find(key);
    if (value == nullptr || !value->is_number()) {
      throw UsageError(fmt::format("{}: a row of a 'published' question needs a number {}",
                                   row.where().text(), key));
    }
    return value->as_number();
  };
  return {text("label", true), text("domain", true), text("metric", true), text("note", false),
          number("value"),     number("spread"),     number("runs")};
}

}  // namespace

Answer published(const StoredResults& results, const Question& question) {
  const ResultsView view(results, question.experiment);
  const Value* rows = question.options.find("rows");
  if (rows == nullptr || !rows->is_list()) {
    throw UsageError("a question of kind 'published' needs rows = [{ label = \"...\", ... }]");
  }
  Answer answer;
  Table table{
      "published_" + question.experiment,
      "Ours against published: mean ± population standard deviation over runs; difference in "
      "standard errors sqrt(s1²/n1 + s2²/n2). Agreement: within 3.",
      {"number", "ours", "runs", "published", "runs", "difference / SE", "agrees", "note"},
      {}};
  std::int64_t agreeing = 0;
  std::int64_t compared = 0;
  for (const Value& item : rows->as_list()) {
    const Published row = read_row(item);
    std::vector<double> values;
    for (const auto& entry : view.rows()) {
      if (const auto value = number(*entry.trial, row.domain, row.metric)) values.push_back(*value);
    }
    if (values.empty()) {
      table.rows.push_back({row.label, "-", "0",
                            fmt::format("{:.4f} ± {:.4f}", row.value, row.spread),
                            fmt::format("{}", row.runs), "-", "not run", row.note});
      continue;
    }
    const double ours = mean(values);
    const double deviation = population_deviation(values);
    const double error = std::sqrt(deviation * deviation / static_cast<double>(values.size()) +
                                   row.spread * row.spread / row.runs);
    const double z = error > 0.0 ? (ours - row.value) / error : 0.0;
    const bool agrees = std::abs(z) <= 3.0;
    ++compared;
    agreeing += agrees ? 1 : 0;
    table.rows.push_back(
        {row.label, fmt::format("{:.4f} ± {:.4f}", ours, deviation),
         fmt::format("{}", values.size()), fmt::format("{:.4f} ± {:.4f}", row.value, row.spread),
         fmt::format("{}", row.runs), fmt::format("{:+.2f}", z), agrees ? "yes" : "no", row.note});
    answer.sentence +=
        fmt::format("{}: {:.4f} against {:.4f} ({:+.1f} SE). ", row.label, ours, row.value, z);
  }
  answer.sentence =
      compared == 0 ? std::string("Not run.")
                    : fmt::format("{} {}", agreeing == compared ? "Yes." : "No.", answer.sentence);
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace spurion::analysis
