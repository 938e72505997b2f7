#include "report/csv.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "analysis/results_view.hpp"

namespace spurion::report {

namespace {

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string record(const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) out += (i == 0 ? "" : ",") + quoted(cells[i]);
  return out + '\n';
}

/// The digits that read back to the same number; nothing for what is not finite.
std::string digits(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }

/// What the fields of a column end in.
std::vector<std::string> endings(analysis::ColumnKind kind) {
  if (kind == analysis::ColumnKind::estimate) return {"", "_low", "_high", "_seeds"};
  if (kind == analysis::ColumnKind::spread) return {"", "_deviation"};
  return {""};
}

/// "Late - early" becomes "late_early": names that programs take without quotes.
std::string key_of(const analysis::Column& column) {
  if (!column.key.empty()) return column.key;
  std::string key;
  for (const char c : column.title) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
    if (plain) {
      key += static_cast<char>(upper ? c - 'A' + 'a' : c);
    } else if (!key.empty() && key.back() != '_') {
      key += '_';
    }
  }
  return key;
}

std::vector<std::string> field_names(const analysis::Table& table) {
  std::vector<std::string> names;
  for (const analysis::Column& column : table.columns) {
    for (const std::string& ending : endings(column.kind)) {
      names.push_back(key_of(column) + ending);
    }
  }
  return names;
}

/// Of one seed there is no interval.
void add_estimate(const analysis::Estimate& estimate, std::vector<std::string>& fields) {
  const bool interval = estimate.count > 0 && estimate.seeds != 1;
  fields.push_back(estimate.count > 0 ? digits(estimate.value) : "");
  fields.push_back(interval ? digits(estimate.low) : "");
  fields.push_back(interval ? digits(estimate.high) : "");
  fields.push_back(estimate.count > 0 && estimate.seeds > 0 ? fmt::format("{}", estimate.seeds)
                                                            : "");
}

/// As many fields as the kind of the column has endings.
void add_fields(const analysis::Cell& cell, analysis::ColumnKind kind,
                std::vector<std::string>& fields) {
  if (const auto* text = std::get_if<std::string>(&cell)) {
    fields.push_back(*text);
  } else if (const auto* count = std::get_if<std::int64_t>(&cell)) {
    fields.push_back(fmt::format("{}", *count));
  } else if (const auto* number = std::get_if<analysis::Number>(&cell)) {
    fields.push_back(digits(number->value));
  } else if (const auto* interval = std::get_if<analysis::Interval>(&cell)) {
    add_estimate(interval->estimate, fields);
  } else if (const auto* spread = std::get_if<analysis::Spread>(&cell)) {
    fields.push_back(digits(spread->mean));
    fields.push_back(digits(spread->deviation));
  } else {
    fields.resize(fields.size() + endings(kind).size());
  }
}

/// The options in which the trials of each experiment differ, as "section.field".
std::map<std::string, std::set<std::string>> differing_options(const StoredResults& results) {
  std::map<std::string, std::vector<const TrialResult*>> trials;
  for (const TrialResult& trial : results.trials) trials[trial.spec.experiment].push_back(&trial);
  std::map<std::string, std::set<std::string>> differing;
  for (const auto& [experiment, own] : trials) {
    differing[experiment] = analysis::differing_options(own);
  }
  return differing;
}

/// "model.width=16 training.rows=500"
std::string options_text(const TrialSpec& spec, const std::set<std::string>& options) {
  std::string text;
  for (const std::string& option : options) {
    const Value* value = analysis::option_of(spec, option);
    if (value == nullptr) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", option, value->canonical_json());
  }
  return text;
}

}  // namespace

std::string csv_of(const analysis::Table& table) {
  std::string out = record(field_names(table));
  std::vector<std::string> fields;
  for (const auto& row : table.rows) {
    fields.clear();
    for (std::size_t i = 0; i < row.size(); ++i) {
      add_fields(row[i], table.columns[i].kind, fields);
    }
    out += record(fields);
  }
  return out;
}

std::string csv_of(const analysis::Chart& chart) {
  std::string out = record({"series", "x", "value", "low", "high", "seeds", "trials"});
  std::vector<std::string> fields;
  for (const analysis::Series& series : chart.series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      fields = {series.name, digits(series.x[i])};
      add_estimate(series.y[i], fields);
      fields.push_back(fmt::format("{}", series.y[i].count));
      out += record(fields);
    }
  }
  return out;
}

std::string csv_of_trials(const StoredResults& results) {
  fmt::memory_buffer out;
  fmt::format_to(
      std::back_inserter(out),
      "experiment,trial,status,environment,model,method,regime,seed,draw,options,phase,step,domain,"
      "shift,metric,value\n");
  const std::map<std::string, std::set<std::string>> differing = differing_options(results);
  for (const TrialResult& trial : results.trials) {
    const TrialSpec& spec = trial.spec;
    const std::string prefix =
        fmt::format("{},{},{},{},{},{},{},{},{},{}", quoted(spec.experiment), spec.id(),
                    status_name(trial.status), spec.environment.name, spec.model.name,
                    spec.method.name, spec.regime.name, spec.seed, spec.draw,
                    quoted(options_text(spec, differing.at(spec.experiment))));
    for (const Measurement& row : trial.measurements) {
      fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{}\n", prefix, row.phase, row.step,
                     quoted(row.domain), row.shift, row.metric, row.value);
    }
  }
  return fmt::to_string(out);
}

}  // namespace spurion::report
