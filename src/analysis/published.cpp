#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

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
  double rounding = 0.0;         ///< half a unit of the last digit printed
  const Value* where = nullptr;  ///< option values that its trials have; null: all
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
  return {text("label", true),  text("domain", true),
          text("metric", true), text("note", false),
          number("value"),      number("spread"),
          number("runs"),       row.find("rounding") == nullptr ? 0.0 : number("rounding"),
          where_option(row)};
}

using Trials = std::vector<const TrialResult*>;

/// The validation rows that a selection reads: apart from those that its result is scored on.
std::string validation_of(const Value& select_on) {
  const std::string name = select_on.is_string() ? select_on.as_string() : std::string();
  if (name == "id") return "validation";
  if (name == "test") return "validation_test";
  throw UsageError(
      fmt::format("{}: select_on is \"id\" (validation rows of the train domains) or "
                  "\"test\" (validation rows of the test domain: an oracle)",
                  select_on.where().text()));
}

/// Of trials with several hyper-parameter draws, those of the draw whose mean score over seeds on
/// `validation` rows is best: the highest accuracy where `wanted` is one, else the least loss.
/// Draws that diverged on some seed are not chosen. None where trials have no such score.
Trials best_draw(const Trials& trials, const std::string& validation, const std::string& wanted) {
  const bool accuracy = wanted.find("accuracy") != std::string::npos;
  const double sign = accuracy ? -1.0 : 1.0;
  std::map<std::int64_t, std::vector<double>> draws;
  std::size_t most = 0;
  for (const TrialResult* trial : trials) {
    const auto value = number(*trial, validation, accuracy ? "accuracy" : "loss");
    auto& values = draws[trial->spec.draw];
    if (value && std::isfinite(*value)) values.push_back(sign * *value);
    most = std::max(most, values.size());
  }
  std::optional<std::int64_t> chosen;
  double least = 0.0;
  for (const auto& [draw, values] : draws) {
    if (values.empty() || values.size() < most) continue;
    if (const double average = mean(values); !chosen || average < least) {
      chosen = draw;
      least = average;
    }
  }
  Trials kept;
  for (const TrialResult* trial : trials) {
    if (trial->spec.draw == chosen) kept.push_back(trial);
  }
  return kept;
}

}  // namespace

Answer published(const Study& study, const Question& question) {
  const Value* rows = question.options.find("rows");
  if (rows == nullptr || !rows->is_list()) {
    throw UsageError("a question of kind 'published' needs rows = [{ label = \"...\", ... }]");
  }
  const Value* select_on = question.options.find("select_on");
  const std::string validation = select_on == nullptr ? std::string() : validation_of(*select_on);
  Answer answer;
  Table table{
      "published_" + question.experiment,
      std::string(
          "Ours against published: mean ± population standard deviation over runs; "
          "difference in standard errors sqrt(s1²/n1 + s2²/n2), a single run of ours taken to "
          "spread as the published ones. Agreement: within 3, beyond the rounding of what "
          "is printed.") +
          (select_on == nullptr ? ""
                                : " Hyper-parameters: the draw that is best on average over seeds "
                                  "on validation rows (domain '" +
                                      validation + "'), of which no score is reported."),
      {{"number"},
       {"ours", ColumnKind::spread},
       {"runs", ColumnKind::count},
       {"published", ColumnKind::spread},
       {"runs", ColumnKind::number, "published_runs"},
       {"difference / SE", ColumnKind::number, "difference_in_standard_errors"},
       {"agrees"},
       {"note"}}};
  std::int64_t agreeing = 0;
  std::int64_t compared = 0;
  for (const Value& item : rows->as_list()) {
    const Published row = read_row(item);
    Trials trials;
    for (const TrialResult* trial : study.trials(question.experiment)) {
      const bool asked = trial->status == Status::done && matches(trial->spec, row.where);
      if (asked) trials.push_back(trial);
    }
    const bool run = !trials.empty();
    if (select_on != nullptr) trials = best_draw(trials, validation, row.metric);
    std::vector<double> values;
    for (const TrialResult* trial : trials) {
      if (const auto value = number(*trial, row.domain, row.metric)) values.push_back(*value);
    }
    if (values.empty()) {
      table.add({row.label, Missing(), std::int64_t{0}, Spread{row.value, row.spread},
                 Number{row.runs}, Missing(), run ? "no number" : "not run", row.note});
      continue;
    }
    const double ours = mean(values);
    const double deviation = population_deviation(values);
    const double own = values.size() > 1 ? deviation : row.spread;
    const double error = std::sqrt(own * own / static_cast<double>(values.size()) +
                                   row.spread * row.spread / row.runs);
    const double difference = ours - row.value;
    const double beyond =
        std::copysign(std::max(std::abs(difference) - row.rounding, 0.0), difference);
    const double z = beyond == 0.0 ? 0.0 : beyond / error;
    const bool agrees = std::abs(z) <= 3.0;
    ++compared;
    agreeing += agrees ? 1 : 0;
    table.add({row.label, Spread{ours, deviation}, static_cast<std::int64_t>(values.size()),
               Spread{row.value, row.spread}, Number{row.runs},
               Number{z, Notation::signed_fixed, 2}, agrees ? "yes" : "no", row.note});
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
