#include "report/csv.hpp"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <set>
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
  std::string out = record(table.header);
  for (const auto& row : table.rows) out += record(row);
  return out;
}

std::string csv_of(const analysis::Chart& chart) {
  std::string out = record({"series", chart.x_label, "value", "low", "high", "count"});
  for (const analysis::Series& series : chart.series) {
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const analysis::Estimate& y = series.y[i];
      out += fmt::format("{},{},{},{},{},{}\n", quoted(series.name), series.x[i], y.value, y.low,
                         y.high, y.count);
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
