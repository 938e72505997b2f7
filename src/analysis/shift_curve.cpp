#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "analysis/by_layout.hpp"
#include "analysis/shift_curve.hpp"
#include "analysis/shift_noise.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/seed_cells.hpp"

namespace spurion::analysis {

namespace {

/// A ceiling by its name in the store and in charts, and where it stands among those of a domain.
struct KnownCeiling {
  core::MetricId id;
  const char* label;
  Ceiling Ceilings::*place;
};
constexpr KnownCeiling kCeilings[] = {
    {core::MetricId::ceiling_bayes, "Bayes ceiling", &Ceilings::bayes},
    {core::MetricId::ceiling_invariant, "invariant ceiling", &Ceilings::invariant},
    {core::MetricId::ceiling_spurious_only, "cue only", &Ceilings::spurious_only}};

/// Whether a kind of ceiling was estimated at some shift.
bool is_estimated(const EnvironmentFacts& facts, Ceiling Ceilings::*place) {
  return std::any_of(facts.shift_points.begin(), facts.shift_points.end(),
                     [&](const DomainFacts& point) {
                       return (point.ceilings.*place).exactness == Exactness::empirical;
                     });
}

/// "exact ceilings", but for those shown ones that were counted in rows or averaged over draws.
std::string ceilings_text(const EnvironmentFacts& facts, const std::set<core::MetricId>& shown) {
  std::vector<std::string> estimated;
  for (const auto& [id, label, place] : kCeilings) {
    if (shown.count(id) != 0 && is_estimated(facts, place)) estimated.emplace_back(label);
  }
  if (estimated.empty()) return "exact ceilings";
  if (estimated.size() == shown.size()) return "ceilings (estimated from rows or random samples)";
  return fmt::format("ceilings (exact, except those estimated from rows or random samples: {})",
                     fmt::join(estimated, ", "));
}

/// Trials of one environment, with options that do not change the meaning of its shift.
struct World {
  std::string name;
  const EnvironmentFacts* facts;
  std::vector<const ResultsView::Row*> rows;
};

std::vector<World> worlds_of(const Study& study, const ResultsView& view) {
  std::vector<World> worlds;
  // The environment of trials whose environment is at one address in memory.
  std::map<std::pair<std::string, const void*>, std::size_t> known;
  const auto world_of = [&](const Component& environment) {
    const EnvironmentFacts& own = study.environment_facts(environment);
    const auto found = std::find_if(worlds.begin(), worlds.end(), [&](const World& world) {
      return world.name == environment.name && world.facts->shift_axis.doc == own.shift_axis.doc;
    });
    const auto number = static_cast<std::size_t>(found - worlds.begin());
    if (found == worlds.end()) worlds.push_back({environment.name, &own, {}});
    return number;
  };
  for (const auto& row : view.rows()) {
    const Component& environment = row.trial->spec.environment;
    std::size_t number = 0;
    if (environment.options.is_table()) {
      const std::pair<std::string, const void*> key(environment.name,
                                                    &environment.options.as_table());
      auto place = known.find(key);
      if (place == known.end()) place = known.emplace(key, world_of(environment)).first;
      number = place->second;
    } else {
      number = world_of(environment);
    }
    worlds[number].rows.push_back(&row);
  }
  return worlds;
}

/// Trials of one line, each with its last phase.
using CurveTrials = std::vector<std::pair<const ResultsView::Row*, std::int64_t>>;

/// Ordered by configuration and seed: numbers are gathered faster in that order. Those of one
/// seed keep theirs.
void sort_by_seed(CurveTrials& trials) {
  std::stable_sort(trials.begin(), trials.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first->configuration, a.first->trial->spec.seed) <
           std::tie(b.first->configuration, b.first->trial->spec.seed);
  });
}

/// The domains at each value of the shift.
using CurvePlaces = std::map<double, std::set<std::string>>;

CurvePlaces places_of(const World& world) {
  CurvePlaces places;
  std::unordered_set<const void*> known;  // trials that were measured alike have the same
  for (const ResultsView::Row* row : world.rows) {
    const Measurements& measured = row->trial->measurements;
    if (!known.insert(measured.layout()).second) continue;
    for (const MeasurementRow m : measured) {
      if (core::parse_domain(m.domain).in == core::MeasuredIn::shift_value)
        places[m.shift].insert(m.domain);
    }
  }
  return places;
}

/// A curve: its name, and the metric that it shows.
struct CurveOf {
  const std::string& name;
  const std::string& metric;
  const Range& range;
  bool any_phase;  ///< ceilings are told once, other metrics after each phase
};

/// One value of the shift, with the numbers of the trials there.
struct CurvePoint {
  /// Numbers of one domain at this value.
  struct Source {
    const std::string& domain;
    std::optional<ShiftNoise> noise;  ///< none: no number of the metric has any
  };
  double shift = 0.0;
  std::vector<Source> sources = {};
  SeedCells cells = {};
};

/// Where the numbers of some points lie among those of a trial, source by source.
using SourcePlaces = std::vector<std::optional<std::size_t>>;

SourcePlaces source_places(const std::vector<CurvePoint>& points, const std::string& metric,
                           std::optional<std::int64_t> phase, const TrialResult& trial) {
  SourcePlaces places;
  for (const CurvePoint& point : points) {
    for (const CurvePoint::Source& source : point.sources) {
      places.push_back(trial.measurements.place(source.domain, metric, phase));
    }
  }
  return places;
}

/// Fills the cells of the points. All trials are gone through once.
void gather(std::vector<CurvePoint>& points, const CurveOf& of, const CurveTrials& trials) {
  ByLayout<SourcePlaces> known;
  for (const auto& [row, last_phase] : trials) {
    const TrialResult& trial = *row->trial;
    const std::optional<std::int64_t> phase =
        of.any_phase ? std::nullopt : std::optional<std::int64_t>(last_phase);
    const SourcePlaces& places = known.of(trial, [&](const TrialResult& one) {
      return source_places(points, of.metric, phase, one);
    });
    auto place = places.begin();
    for (CurvePoint& point : points) {
      for (CurvePoint::Source& source : point.sources) {
        const auto found = *place++;
        if (!found) continue;
        const double value = trial.measurements.value(*found);
        point.cells.add(row->configuration, trial.spec.seed, value,
                        source.noise ? (*source.noise)(trial, value) : RowNoise{});
      }
    }
  }
}

/// The means of a metric along the shift curve. A few points at a time: the numbers of all would
/// take as much memory as the trials, and to go through the trials for each takes longer.
Series make_series(const CurveOf& of, const CurvePlaces& places, const CurveTrials& trials) {
  constexpr std::size_t kFewest = 3;
  constexpr std::size_t kNumbersAtOnce = std::size_t{1} << 17U;  // some 7 MB
  const std::size_t at_once =
      std::max(kFewest, kNumbersAtOnce / std::max<std::size_t>(trials.size(), 1));
  const bool noisy = of.metric == core::stored_name(core::MetricId::accuracy);
  Series series;
  series.name = of.name;
  series.reference = of.any_phase;
  series.x.reserve(places.size());
  series.y.reserve(places.size());
  for (auto place = places.begin(); place != places.end();) {
    std::vector<CurvePoint> points;
    points.reserve(std::min(at_once, places.size()));
    for (; place != places.end() && points.size() < at_once; ++place) {
      CurvePoint& point = points.emplace_back();
      point.shift = place->first;
      point.cells.reserve(trials.size());
      for (const std::string& domain : place->second) {
        point.sources.push_back(
            {domain, noisy ? std::optional<ShiftNoise>(ShiftNoise(domain, of.metric))
                           : std::optional<ShiftNoise>()});
      }
    }
    gather(points, of, trials);
    for (const CurvePoint& point : points) {
      if (point.cells.empty()) continue;
      series.x.push_back(point.shift);
      series.y.push_back(
          point.cells.estimate(fmt::format("dial {} {}", of.name, point.shift), of.range));
    }
  }
  return series;
}

/// The last phase of a trial.
std::int64_t last_phase(const TrialResult& trial) {
  std::int64_t last = 0;
  for (const MeasurementRow m : trial.measurements) last = std::max(last, m.phase);
  return last;
}

Chart chart_of(const World& world, const ResultsView& view) {
  const bool accuracy =
      std::all_of(world.rows.begin(), world.rows.end(), [](const ResultsView::Row* row) {
        return number(*row->trial, core::stored_domain(core::MeasuredIn::test),
                      core::stored_name(core::MetricId::accuracy))
            .has_value();
      });
  const CurvePlaces places = places_of(world);
  const std::vector<ResultsView::Line> all = view.lines();
  std::vector<CurveTrials> of_lines(all.size());
  CurveTrials of_all;
  ByLayout<std::int64_t> last_phases;
  std::map<std::pair<std::string, std::string>, std::size_t> line_numbers;
  for (std::size_t i = 0; i < all.size(); ++i) line_numbers[{all[i].method, all[i].regime}] = i;
  for (const ResultsView::Row* row : world.rows) {
    const std::int64_t last = last_phases.of(*row->trial, last_phase);
    of_lines[line_numbers.at({row->method, row->regime})].emplace_back(row, last);
    of_all.emplace_back(row, last);
  }
  of_lines.push_back(std::move(of_all));
  for (CurveTrials& trials : of_lines) sort_by_seed(trials);
  const std::string& metric = core::stored_name(core::score_metric(accuracy));
  const Range range = range_of(metric);
  Chart chart;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Series series = make_series({all[i].name, metric, range, false}, places, of_lines[i]);
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  }
  std::set<core::MetricId> shown;
  for (const auto& [id, label, place] : kCeilings) {
    const std::string& ceiling = core::stored_name(id);
    Series series = make_series({label, ceiling, range, true}, places, of_lines.back());
    if (series.x.empty()) continue;
    chart.series.push_back(std::move(series));
    shown.insert(id);
  }
  const ShiftAxis& axis = world.facts->shift_axis;
  chart.x_label = axis.name.empty() ? "shift" : fmt::format("{}: {}", axis.name, axis.doc);
  chart.y_label = accuracy ? "accuracy" : "mean squared error";
  chart.note = fmt::format("Band: {} of the mean over seeds. Other options are averaged.{}",
                           kIntervalText, view.note());
  if (!shown.empty()) {
    chart.note += fmt::format(" Dashed: {}.", ceilings_text(*world.facts, shown));
  }
  return chart;
}

}  // namespace

std::vector<Chart> shift_charts(const Study& study, const std::string& experiment) {
  const ResultsView view(study, experiment, {}, ResultsView::Tasks::both);
  const std::vector<World> worlds = worlds_of(study, view);
  std::vector<Chart> charts;
  std::map<std::string, int> times;
  for (const World& world : worlds) {
    Chart chart = chart_of(world, view);
    chart.name = "shift_" + experiment;
    chart.title = fmt::format("Shift curve: experiment '{}'", experiment);
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
