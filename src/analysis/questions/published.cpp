#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "analysis/questions.hpp"
#include "core/place_of.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/trial_fates.hpp"
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
  if (!row.is_table()) {
    throw UsageError(
        fmt::format("{}a row of a 'published' question expects {{ label = \"...\", ... }}, got {}",
                    place_of(row), row.type_name()));
  }
  for (const auto& [key, value] : row.as_table()) {
    static const std::vector<std::string> keys = {"label",  "domain", "metric",   "note", "value",
                                                  "spread", "runs",   "rounding", "where"};
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    throw UsageError(place_of(value) +
                     unknown_name_message("key of a row of a 'published' question", key, keys));
  }
  const auto text = [&](const char* key, bool required) -> std::string {
    const Value* value = row.find(key);
    if (value == nullptr && !required) return {};
    if (value == nullptr || !value->is_string()) {
      throw UsageError(fmt::format("{}a row of a 'published' question needs {} = \"...\"",
                                   place_of(value == nullptr ? row : *value), key));
    }
    return value->as_string();
  };
  const auto number = [&](const char* key, double least) {
    const Value* value = row.find(key);
    if (value == nullptr || !value->is_number()) {
      throw UsageError(fmt::format("{}a row of a 'published' question needs a number {}",
                                   place_of(value == nullptr ? row : *value), key));
    }
    if (!std::isfinite(value->as_number()) || value->as_number() < least) {
      throw UsageError(fmt::format(
          "{}{} of a row of a 'published' question must be {}, got {}", place_of(*value), key,
          std::isfinite(least) ? fmt::format("a number >= {}", least) : std::string("finite"),
          value->as_number()));
    }
    return value->as_number();
  };
  return {text("label", true),
          text("domain", true),
          text("metric", true),
          text("note", false),
          number("value", -std::numeric_limits<double>::infinity()),
          number("spread", 0.0),
          number("runs", 1.0),
          row.find("rounding") == nullptr ? 0.0 : number("rounding", 0.0),
          where_option(row)};
}

/// The rows of a question; throws where they are not as they must be.
std::vector<Published> read_rows(const AskedQuestion& question) {
  const Value* rows = question.options.find("rows");
  if (rows == nullptr || !rows->is_list() || rows->as_list().empty()) {
    throw UsageError(
        fmt::format("{}a question of kind 'published' needs rows = [{{ label = \"...\", ... }}]",
                    place_of(rows == nullptr ? question.options : *rows)));
  }
  std::vector<Published> all;
  for (const Value& row : rows->as_list()) all.push_back(read_row(row));
  return all;
}

using Trials = std::vector<const TrialResult*>;

/// The validation rows that a selection reads: apart from those that its result is scored on.
/// Empty where nothing is selected.
std::string validation_of(const AskedQuestion& question) {
  const Value* selection_domain = question.options.find("selection_domain");
  if (selection_domain == nullptr) return {};
  const std::string name =
      selection_domain->is_string() ? selection_domain->as_string() : std::string();
  if (name == "in_distribution") return "validation";
  if (name == "test") return "validation_test";
  throw UsageError(fmt::format(
      "{}selection_domain is \"in_distribution\" (validation rows of the train domains) or "
      "\"test\" (validation rows of the test domain: an oracle)",
      place_of(*selection_domain)));
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
    auto& values = draws[trial->spec.config_index];
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
    if (trial->spec.config_index == chosen) kept.push_back(trial);
  }
  return kept;
}

}  // namespace

void check_published(const AskedQuestion& question) {
  Problems problems;
  const auto collect = [&](auto part) {
    try {
      part();
    } catch (const UsageError& error) {
      problems.add(error.what());
    }
  };
  collect([&] { validation_of(question); });
  const Value* rows = question.options.find("rows");
  if (rows == nullptr || !rows->is_list() || rows->as_list().empty()) {
    collect([&] { read_rows(question); });
  } else {
    for (const Value& row : rows->as_list()) collect([&] { read_row(row); });
  }
  problems.raise();
}

Answer published(const Study& study, const AskedQuestion& question) {
  const std::vector<Published> rows = read_rows(question);
  const std::string validation = validation_of(question);
  Answer answer;
  Table table{
      "published_" + question.experiment,
      std::string(
          "Ours against published: mean ± population standard deviation over runs; "
          "difference in standard errors sqrt(s1²/n1 + s2²/n2), a single run of ours taken to "
          "spread as the published ones. Agreement: within 3, beyond the rounding of what "
          "is printed.") +
          (validation.empty() ? ""
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
  std::string told;  // of trials that have no numbers
  for (const Published& row : rows) {
    Trials trials;
    TrialFates fates;
    for (const TrialResult* trial : study.trials(question.experiment)) {
      if (!matches(trial->spec, row.where)) continue;
      fates.add(*trial);
      if (trial->status == Status::done) trials.push_back(trial);
    }
    const bool run = !trials.empty();
    if (!validation.empty()) trials = best_draw(trials, validation, row.metric);
    std::vector<double> values;
    for (const TrialResult* trial : trials) {
      if (const auto value = number(*trial, row.domain, row.metric)) values.push_back(*value);
    }
    told += fates.sentence(row.label);
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
  const auto asked = static_cast<std::int64_t>(rows.size());
  std::string headline = compared == 0 ? "Not run. " : agreeing == compared ? "Yes. " : "No. ";
  if (compared > 0 && compared < asked) {
    headline = fmt::format("{}, as far as it was run: {} of {} numbers. ",
                           agreeing == compared ? "Yes" : "No", compared, asked);
  }
  answer.sentence = headline + answer.sentence + told;
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace spurion::analysis
