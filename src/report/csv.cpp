#include "report/csv.hpp"

#include <fmt/format.h>

#include <iterator>

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
      "experiment,trial,status,environment,model,method,regime,seed,draw,phase,step,domain,"
      "shift,metric,value\n");
  for (const TrialResult& trial : results.trials) {
    const TrialSpec& spec = trial.spec;
    const std::string prefix =
        fmt::format("{},{},{},{},{},{},{},{},{}", quoted(spec.experiment), spec.id(),
                    status_name(trial.status), spec.environment.name, spec.model.name,
                    spec.method.name, spec.regime.name, spec.seed, spec.draw);
    for (const Measurement& row : trial.measurements) {
      fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{}\n", prefix, row.phase, row.step,
                     quoted(row.domain), row.shift, row.metric, row.value);
    }
  }
  return fmt::to_string(out);
}

}  // namespace spurion::report
