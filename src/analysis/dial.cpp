#include <fmt/format.h>

#include <map>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"

namespace spurion::analysis {

namespace {

/// Values at each dial position, by setting: strata of the estimate.
using DialPoints = std::map<double, std::map<std::string, std::vector<double>>>;

std::string environment_text(const StoredResults& results, const TrialSpec& spec, const char* key) {
  const auto found = results.context.find("environment." + spec.environment.name);
  if (found == results.context.end()) return {};
  const Value facts = parse_json(found->second, "context");
  const Value* value = facts.find(key);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

Series make_series(const std::string& name, const DialPoints& points, bool reference) {
  Series series;
  series.name = name;
  series.reference = reference;
  for (const auto& [shift, settings] : points) {
    std::vector<std::vector<double>> strata;
    for (const auto& [setting, values] : settings) strata.push_back(values);
    series.x.push_back(shift);
    series.y.push_back(stratified_mean(strata, fmt::format("dial {} {}", name, shift)));
  }
  return series;
}

}  // namespace

Chart dial_chart(const StoredResults& results, const std::string& experiment) {
  const ResultsView view(results, experiment);
  Chart chart;
  if (view.rows().empty()) return chart;
  const bool by_regime = view.methods().size() == 1 && view.regimes().size() > 1;
  std::map<std::string, DialPoints> lines;
  std::map<std::string, DialPoints> ceilings;
  for (const auto& row : view.rows()) {
    std::int64_t last = 0;
    for (const Measurement& m : row.trial->measurements) last = std::max(last, m.phase);
    for (const Measurement& m : row.trial->measurements) {
      if (m.domain.rfind("dial=", 0) != 0) continue;
      if (m.metric.rfind("ceiling_", 0) == 0) {
        ceilings[m.metric.substr(8)][m.shift][row.setting].push_back(m.value);
      } else if (m.metric == view.score() && m.phase == last) {
        lines[by_regime ? row.regime : row.method][m.shift][row.setting].push_back(m.value);
      }
    }
  }
  const auto order = by_regime ? view.regimes() : view.methods();
  for (const std::string& name : order) {
    if (lines.count(name) != 0) chart.series.push_back(make_series(name, lines[name], false));
  }
  for (const auto& [key, label] : {std::pair{"bayes", "Bayes ceiling"},
                                   {"invariant", "invariant ceiling"},
                                   {"spurious_only", "cue only"}}) {
    if (ceilings.count(key) != 0) chart.series.push_back(make_series(label, ceilings[key], true));
  }
  const TrialSpec& spec = view.rows().front().trial->spec;
  chart.name = "dial_" + experiment;
  chart.title = fmt::format("Along the dial: experiment '{}'", experiment);
  const std::string name = environment_text(results, spec, "dial_name");
  const std::string doc = environment_text(results, spec, "dial_doc");
  chart.x_label = name.empty() ? "shift" : fmt::format("{}: {}", name, doc);
  chart.y_label = view.score_text();
  chart.note = fmt::format(
      "Band: {} of the mean over seeds, other settings averaged. Dashed: exact ceilings.",
      kIntervalText);
  return chart;
}

}  // namespace spurion::analysis
