#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"
#include "analysis/seed_cells.hpp"

namespace spurion::analysis {

namespace {

using DialPoints = std::map<double, SeedCells>;

std::string fact_of(const Value& facts, const char* key) {
  const Value* value = facts.is_table() ? facts.find(key) : nullptr;
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

/// Ceilings by their names in the store and in charts.
constexpr std::pair<const char*, const char*> kCeilings[] = {
    {"bayes", "Bayes ceiling"}, {"invariant", "invariant ceiling"}, {"spurious_only", "cue only"}};

/// Whether a kind of ceiling was estimated at some position of the dial. Stores of older runs know
/// that of the train and test domains only.
bool is_estimated(const Value& facts, const char* kind) {
  if (!facts.is_table()) return false;
  if (const Value* dial = facts.find("dial_exactness"); dial != nullptr) {
    const Value* ways = dial->find(kind);
    if (ways == nullptr || !ways->is_list()) return false;
    return std::any_of(ways->as_list().begin(), ways->as_list().end(),
                       [](const Value& way) { return way == Value("empirical"); });
  }
  const Value* rows = facts.find("ceilings");
  if (rows == nullptr || !rows->is_list()) return false;
  return std::any_of(rows->as_list().begin(), rows->as_list().end(), [&](const Value& row) {
    const Value* ceiling = row.is_table() ? row.find(kind) : nullptr;
    return ceiling != nullptr && fact_of(*ceiling, "exactness") == "empirical";
  });
}

/// "exact ceilings", but for those shown ones that were counted in rows or averaged over draws.
std::string ceilings_text(const Value& facts, const std::set<std::string>& shown) {
  std::vector<std::string> estimated;
  for (const auto& [key, label] : kCeilings) {
    if (shown.count(key) != 0 && is_estimated(facts, key)) estimated.emplace_back(label);
  }
  if (estimated.empty()) return "exact ceilings";
  if (estimated.size() == shown.size()) return "ceilings, estimated from rows or draws";
  return fmt::format("ceilings, exact but for those estimated from rows or draws ({})",
                     fmt::join(estimated, ", "));
}

Series make_series(const std::string& name, const DialPoints& points, const Range& range,
                   bool reference) {
  Series series;
  series.name = name;
  series.reference = reference;
  for (const auto& [shift, cells] : points) {
    series.x.push_back(shift);
    series.y.push_back(cells.estimate(fmt::format("dial {} {}", name, shift), range));
  }
  return series;
}

/// Trials of one world: of one environment, under options that do not change what its dial means.
struct World {
  std::string name;
  Value facts;
  std::vector<const ResultsView::Row*> rows;
};

std::vector<World> worlds_of(const Study& study, const ResultsView& view) {
  std::vector<World> worlds;
  std::map<std::pair<std::string, const void*>, const Value*> facts;  // of options that are shared
  for (const auto& row : view.rows()) {
    const Component& environment = row.trial->spec.environment;
    const void* options =
        environment.options.is_table() ? &environment.options.as_table() : nullptr;
    const Value*& known = facts[{environment.name, options}];
    if (known == nullptr || options == nullptr) known = &study.environment_facts(environment);
    const Value& own = *known;
    const auto found = std::find_if(worlds.begin(), worlds.end(), [&](const World& world) {
      return world.name == environment.name &&
             fact_of(world.facts, "dial_doc") == fact_of(own, "dial_doc");
    });
    if (found == worlds.end()) {
      worlds.push_back({environment.name, own, {&row}});
    } else {
      found->rows.push_back(&row);
    }
  }
  return worlds;
}

Chart chart_of(const World& world, const ResultsView& view) {
  const bool accuracy =
      std::all_of(world.rows.begin(), world.rows.end(), [](const ResultsView::Row* row) {
        return number(*row->trial, "test", "accuracy").has_value();
      });
  const std::vector<ResultsView::Line> all = view.lines();
  std::map<std::string, DialPoints> lines;
  std::map<std::string, DialPoints> ceilings;
  for (const ResultsView::Row* row : world.rows) {
    const auto line = std::find_if(all.begin(), all.end(),
                                   [&](const ResultsView::Line& one) { return one.holds(*row); });
    const std::int64_t seed = row->trial->spec.seed;
    std::int64_t last = 0;
    for (const MeasurementRow m : row->trial->measurements) last = std::max(last, m.phase);
    for (const MeasurementRow m : row->trial->measurements) {
      if (m.domain.rfind("dial=", 0) != 0) continue;
      if (m.metric.rfind("ceiling_", 0) == 0) {
        ceilings[m.metric.substr(8)][m.shift].add(row->setting, seed, m.value);
      } else if (m.metric == (accuracy ? "accuracy" : "loss") && m.phase == last) {
        lines[line->name][m.shift].add(row->setting, seed, m.value);
      }
    }
  }
  const Range range = range_of(accuracy ? "accuracy" : "loss");
  Chart chart;
  for (const ResultsView::Line& line : all) {
    if (lines.count(line.name) != 0)
      chart.series.push_back(make_series(line.name, lines[line.name], range, false));
  }
  std::set<std::string> shown;
  for (const auto& [key, label] : kCeilings) {
    if (ceilings.count(key) == 0) continue;
    chart.series.push_back(make_series(label, ceilings[key], range, true));
    shown.insert(key);
  }
  const std::string name = fact_of(world.facts, "dial_name");
  chart.x_label =
      name.empty() ? "shift" : fmt::format("{}: {}", name, fact_of(world.facts, "dial_doc"));
  chart.y_label = accuracy ? "accuracy" : "mean squared error";
  chart.note = fmt::format("Band: {} of the mean over seeds, other settings averaged.{}",
                           kIntervalText, view.note());
  if (!shown.empty()) {
    chart.note += fmt::format(" Dashed: {}.", ceilings_text(world.facts, shown));
  }
  return chart;
}

}  // namespace

std::vector<Chart> dial_charts(const Study& study, const std::string& experiment) {
  const ResultsView view(study, experiment, {}, ResultsView::Tasks::both);
  const std::vector<World> worlds = worlds_of(study, view);
  std::vector<Chart> charts;
  std::map<std::string, int> times;
  for (const World& world : worlds) {
    Chart chart = chart_of(world, view);
    chart.name = "dial_" + experiment;
    chart.title = fmt::format("Along the dial: experiment '{}'", experiment);
    if (worlds.size() > 1) {
      const int time = ++times[world.name];
      chart.name += "_" + world.name + (time > 1 ? fmt::format("_{}", time) : "");
      chart.title += ", " + world.name;
    }
    if (!chart.series.empty()) charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace spurion::analysis
