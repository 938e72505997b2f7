#include "analysis/streams/charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/streams/cells.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

/// A word for file names.
std::string slug(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  return out;
}

/// Points of a line, each the mean over trials.
class Points {
 public:
  /// `range`: what the means can be.
  Points(std::string key, const Range& range, OnRows kind = OnRows::none)
      : key_(std::move(key)), range_(range), kind_(kind) {}

  void add(double x, std::size_t stratum, const StreamNumbers& trial, double value) {
    add(x, stratum, trial, value, row_noise(trial, kind_, value));
  }
  void add(double x, std::size_t stratum, const StreamNumbers& trial, double value,
           const RowNoise& noise) {
    if (!std::isnan(value)) values_[x].add(std::to_string(stratum), trial.seed, value, noise);
  }
  [[nodiscard]] Series series(const std::string& name, bool reference = false) const {
    Series out;
    out.name = name;
    out.reference = reference;
    for (const auto& [x, cells] : values_) {
      out.x.push_back(x);
      out.y.push_back(cells.estimate(fmt::format("{} {} {}", key_, name, x), range_));
    }
    return out;
  }

 private:
  std::string key_;
  Range range_;
  OnRows kind_;
  std::map<double, SeedCells> values_;
};

/// Trials of one environment are of one task.
const StreamNumbers& any_of(const std::vector<std::vector<StreamNumbers>>& strata) {
  const auto some = std::find_if(strata.begin(), strata.end(),
                                 [](const auto& stratum) { return !stratum.empty(); });
  SPURION_CHECK(some != strata.end(), "a line of a chart of streams has no trial");
  return some->front();
}

/// What a mean can be, and how its rows tell it.
struct Bounds {
  Range range;
  OnRows kind = OnRows::none;
};
Bounds rate_of(const StreamNumbers& trial) { return {trial.range(), OnRows::rate}; }
Bounds difference_of(const StreamNumbers& trial) {
  return {trial.difference_range(), OnRows::paired};
}

template <class Each>
void each_trial(const std::vector<std::vector<StreamNumbers>>& strata, Each each) {
  for (std::size_t s = 0; s < strata.size(); ++s) {
    for (const StreamNumbers& trial : strata[s]) each(s, trial);
  }
}

Chart shifts_chart(const std::string& experiment, const std::string& world,
                   const StreamNumbers& trial) {
  Chart chart;
  chart.name = fmt::format("shifts_{}_{}", experiment, slug(world));
  chart.title = "Shift of each cue: " + world;
  chart.x_label = "phase";
  chart.y_label = "shift of the cue";
  chart.steps = true;
  chart.note = "The trajectory of the stream. Training begins with phase 0.";
  std::set<std::string> cues;
  for (const auto& phase : trial.cue_shifts) {
    for (const auto& [cue, shift] : phase) cues.insert(cue);
  }
  for (const std::string& cue : cues) {
    Series series;
    series.name = cue;
    for (std::size_t phase = 0; phase < trial.cue_shifts.size(); ++phase) {
      const auto found = trial.cue_shifts[phase].find(cue);
      if (found == trial.cue_shifts[phase].end()) continue;
      series.x.push_back(static_cast<double>(phase));
      series.y.push_back({found->second, found->second, found->second, 1});
    }
    chart.series.push_back(std::move(series));
  }
  Series control_shift;
  control_shift.name = "control shift (level)";
  for (std::size_t phase = 0; phase < trial.control_shift.size(); ++phase) {
    if (std::isnan(trial.control_shift[phase])) continue;
    control_shift.x.push_back(static_cast<double>(phase));
    control_shift.y.push_back(
        {trial.control_shift[phase], trial.control_shift[phase], trial.control_shift[phase], 1});
  }
  if (!control_shift.x.empty()) chart.series.push_back(std::move(control_shift));
  return chart;
}

Chart prequential_chart(const std::string& experiment, const std::string& world,
                        const std::map<std::string, StreamLines>& lines) {
  Chart chart;
  chart.name = fmt::format("stream_{}_{}", experiment, slug(world));
  chart.title = "Over the stream: " + world;
  chart.x_label = "rows of the stream";
  chart.note = fmt::format(
      "The model predicts each window before it learns from it. Band: {} over seeds. Dashed: the "
      "ceilings of the phases, as exact as the card of the environment says. Vertical lines: a cue "
      "shifts.",
      kIntervalText);
  std::set<double> marks;
  bool drawn = false;
  for (const auto& [name, line] : lines) {
    const Range range = any_of(line.strata).range();
    Points points(chart.name, range);
    Points bayes(chart.name + "bayes", range);
    Points invariant(chart.name + "invariant", range);
    bool any = false;
    each_trial(line.strata, [&](std::size_t s, const StreamNumbers& trial) {
      chart.y_label = trial.accuracy ? "prequential accuracy" : "prequential squared error";
      std::int64_t phase = -1;
      double x = 0.0;
      for (const StreamWindow& window : trial.windows) {
        any = true;
        // Rows, not updates: none of those is made while labels are awaited.
        if (phase >= 0 && window.phase != phase && trial.shifts(window.phase)) marks.insert(x);
        x += window.rows;
        const double sign = trial.accuracy ? 1.0 : -1.0;
        points.add(x, s, trial, window.score,
                   trial.accuracy ? rate_noise(window.score, window.rows) : RowNoise());
        bayes.add(x, s, trial, window.score + sign * window.regret);
        invariant.add(x, s, trial, window.score + sign * window.invariant_regret);
        phase = window.phase;
      }
    });
    chart.series.push_back(points.series(name));
    if (!any) continue;
    if (!drawn) {
      chart.series.push_back(bayes.series("Bayes", true));
      chart.series.push_back(invariant.series("invariant", true));
      drawn = true;
    }
  }
  chart.marks.assign(marks.begin(), marks.end());
  return chart;
}

struct ChartNames {
  std::string name;   ///< of its file
  std::string title;  ///< above it
  std::string label;  ///< of the vertical axis
};

/// One number after each phase, a line a regime and method.
/// `bounds` gives its bounds by a trial of the environment.
template <class BoundsOf, class Number>
Chart by_phase(const ChartNames& names, const std::map<std::string, StreamLines>& lines,
               BoundsOf bounds, Number number) {
  const auto& [name, title, label] = names;
  Chart chart;
  chart.name = name;
  chart.title = title;
  chart.x_label = "after phase";
  chart.y_label = label;
  chart.note = fmt::format("Band: {} over seeds. Vertical lines: a cue shifts.", kIntervalText);
  std::set<double> marks;
  for (const auto& [line_name, line] : lines) {
    const Bounds own = bounds(any_of(line.strata));
    Points points(name, own.range, own.kind);
    each_trial(line.strata, [&](std::size_t s, const StreamNumbers& trial) {
      for (std::int64_t phase = 0; phase < trial.phases; ++phase) {
        if (trial.shifts(phase)) marks.insert(static_cast<double>(phase) - 0.5);
        points.add(static_cast<double>(phase), s, trial, number(trial, phase));
      }
    });
    chart.series.push_back(points.series(line_name));
  }
  chart.marks.assign(marks.begin(), marks.end());
  return chart;
}

/// Regret summed up over the rows of the stream.
Chart regret_chart(const std::string& name, const std::map<std::string, StreamLines>& lines) {
  Chart chart;
  chart.name = name;
  chart.title = "Dynamic regret";
  chart.x_label = "rows of the stream";
  chart.y_label = "sum of shortfalls";
  chart.note =
      "The shortfall from the Bayes ceiling of each phase, summed over rows. The curve ends where "
      "no "
      "ceiling is known. Flat: no regret is added.";
  std::set<double> marks;
  for (const auto& [line_name, line] : lines) {
    Points points(name, {});
    each_trial(line.strata, [&](std::size_t s, const StreamNumbers& trial) {
      double rows = 0.0;
      double sum = 0.0;
      double right = 0.0;
      std::int64_t phase = 0;
      if (!trial.windows.empty()) points.add(0.0, s, trial, 0.0);
      for (const StreamWindow& window : trial.windows) {
        if (window.phase != phase && trial.shifts(window.phase)) marks.insert(rows);
        phase = window.phase;
        rows += window.rows;
        sum += window.regret * window.rows;
        right += window.score * window.rows;
        RowNoise noise;  // of the number of right predictions
        if (trial.accuracy) noise = rate_noise(right / rows, rows);
        noise.deviation *= rows;
        noise.unit = rows;
        points.add(rows, s, trial, sum, noise);
      }
    });
    chart.series.push_back(points.series(line_name));
  }
  chart.marks.assign(marks.begin(), marks.end());
  return chart;
}

/// What the table of measures says of whole streams, as it comes about, in small panels.
std::vector<Chart> measure_charts(const std::string& end, double margin,
                                  const std::map<std::string, StreamLines>& lines) {
  std::vector<Chart> charts = {regret_chart("regret_" + end, lines)};
  const auto add = [&](const char* name, const char* title, const std::string& label,
                       const std::string& note, auto bounds, auto number) {
    charts.push_back(
        by_phase({std::string(name) + "_" + end, title, label}, lines, bounds, number));
    charts.back().note = note;
    charts.back().x_label = "phase";
  };
  add(
      "recovery", "Recovery", "rows after a shift",
      fmt::format(
          "Rows until a window is within {} of the Bayes ceiling. A phase that ends earlier counts "
          "with all its rows.",
          margin),
      [](const StreamNumbers&) {
        return Bounds{{0.0, Range{}.high}};
      },
      [margin](const StreamNumbers& t, std::int64_t p) { return t.recovery_rows(p, margin); });
  add(
      "max_regret", "Max regret", "shortfall",
      "The largest shortfall of a window from the Bayes ceiling.",
      [](const StreamNumbers& trial) { return Bounds{trial.difference_range()}; },
      [](const StreamNumbers& t, std::int64_t p) { return t.max_regret(p); });
  add("forgetting", "Forgetting", "score lost",
      "The score on earlier phases, compared with the best score since the model trained on them.",
      difference_of, [](const StreamNumbers& t, std::int64_t p) { return t.forgetting(p); });
  add("backward", "Backward transfer", "score gained",
      "Change of the score on earlier phases since the model trained on them.", difference_of,
      [](const StreamNumbers& t, std::int64_t p) { return t.backward_transfer(p); });
  add("forward", "Forward transfer", "score above chance",
      "The score on a phase before the model trains on it, minus the chance score.", difference_of,
      [](const StreamNumbers& t, std::int64_t p) { return t.zero_shot_score(p); });
  add("relearning_change", "Relearning change", "change of the score",
      "The score after a phase that occurred before, minus the score then. Below 0: the phase is "
      "learned less well.",
      difference_of, [](const StreamNumbers& t, std::int64_t p) { return t.relearning_change(p); });
  return charts;
}

}  // namespace

std::vector<Chart> stream_charts(const std::string& experiment, const std::string& world,
                                 const std::map<std::string, StreamLines>& lines, double margin) {
  const std::string end = fmt::format("{}_{}", experiment, slug(world));
  const auto at = [](std::int64_t phase) { return static_cast<std::size_t>(phase); };
  std::vector<Chart> charts;
  charts.push_back(shifts_chart(experiment, world, lines.begin()->second.strata.front().front()));
  charts.push_back(prequential_chart(experiment, world, lines));
  charts.push_back(by_phase({"cue_contribution_" + end,
                             "Contribution of cues to the score: " + world, "cue contribution"},
                            lines, difference_of, [&](const StreamNumbers& trial, std::int64_t p) {
                              return trial.cue_contributions[at(p)][at(p)];
                            }));
  charts.push_back(by_phase(
      {"score_" + end, "Score on each phase, after training on it: " + world, "score"}, lines,
      rate_of,
      [&](const StreamNumbers& trial, std::int64_t p) { return trial.scores[at(p)][at(p)]; }));
  charts.push_back(by_phase(
      {"new_cues_" + end, "Reliance on new cues: " + world, "flip rate"}, lines, rate_of,
      [](const StreamNumbers& trial, std::int64_t p) { return trial.new_cue_reliance(p); }));
  charts.push_back(by_phase(
      {"old_cues_" + end, "Reliance on old cues: " + world, "flip rate"}, lines, rate_of,
      [](const StreamNumbers& trial, std::int64_t p) { return trial.old_cue_reliance(p); }));
  charts.push_back(by_phase(
      {"resolution_" + end, "Resolution: " + world, "1 - max flip rate"}, lines,
      [](const StreamNumbers& trial) {
        return Bounds{{1.0 - trial.range().high, 1.0}, OnRows::rate};
      },
      [](const StreamNumbers& trial, std::int64_t p) { return 1.0 - trial.max_flip_rate(p); }));
  for (Chart& chart : measure_charts(end, margin, lines)) {
    chart.panel = fmt::format("Measures over time: {}. Bands and vertical lines as above.", world);
    charts.push_back(std::move(chart));
  }
  // A line without points keeps its place, so that it has one colour in all charts of an
  // environment.
  const auto empty = [](const Chart& chart) {
    return std::all_of(chart.series.begin(), chart.series.end(),
                       [](const Series& series) { return series.x.empty(); });
  };
  charts.erase(std::remove_if(charts.begin(), charts.end(), empty), charts.end());
  return charts;
}

Chart flips_against_scale(
    const std::string& experiment, const std::string& world, const std::string& axis,
    std::int64_t phase,
    const std::map<std::string, std::map<double, std::vector<std::vector<StreamNumbers>>>>& lines) {
  Chart chart;
  chart.name = fmt::format("flips_{}_{}_{}", experiment, slug(world), axis);
  chart.title = fmt::format("Reliance on cues against {}: {}", axis, world);
  chart.x_label = axis;
  chart.y_label = "max flip rate";
  chart.note = fmt::format("Band: {} over seeds. 0: no cue changes any prediction.", kIntervalText);
  chart.log_x = true;
  for (const auto& [name, scales] : lines) {
    Series series;
    series.name = name;
    for (const auto& [scale, strata] : scales) {
      Points points(chart.name + name, any_of(strata).range(), OnRows::rate);
      each_trial(strata, [&, &scale = scale](std::size_t s, const StreamNumbers& trial) {
        const std::int64_t last = phase < 0 ? trial.phases - 1 : std::min(phase, trial.phases - 1);
        points.add(scale, s, trial, trial.max_flip_rate(last));
      });
      const Series one = points.series(name);
      series.x.insert(series.x.end(), one.x.begin(), one.x.end());
      series.y.insert(series.y.end(), one.y.begin(), one.y.end());
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace spurion::analysis
