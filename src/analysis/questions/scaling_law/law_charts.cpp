#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "analysis/questions/scaling_law/law_answer.hpp"

namespace spurion::analysis::questions::scaling_law {

namespace {

Estimate exactly(double value) { return {value, value, value, 1, 1}; }

/// The environments of the lines, in their order.
std::vector<std::string> environments_of(const LawAnswer& answer) {
  std::vector<std::string> all;
  for (const JudgedLine& one : answer.lines) {
    if (std::find(all.begin(), all.end(), one.numbers.environment) == all.end()) {
      all.push_back(one.numbers.environment);
    }
  }
  return all;
}

/// A chart along the axis, on logarithmic scales.
Chart empty_chart(const LawAnswer& answer, const std::string& environment, const char* what) {
  Chart chart;
  chart.name = fmt::format("{}_{}_{}", answer.name(), what, environment);
  chart.x_label = answer.options.axis;
  chart.log_x = chart.log_y = true;
  return chart;
}

/// A fitted law in the colour of the points before it.
void add_curve(Chart& chart, const std::string& name, const std::vector<fits::CurvePoint>& curve) {
  Series series;
  series.name = name + ", fitted law";
  series.look = SeriesLook::curve;
  series.colour_of = static_cast<int>(chart.series.size()) - 1;
  for (const fits::CurvePoint& one : curve) {
    // What is not above 0 has no place on a logarithmic axis.
    if (!std::isfinite(one.value) || (chart.log_y && !(one.value > 0.0))) continue;
    series.x.push_back(one.scale);
    series.y.push_back({one.value, one.low, one.high, 1, 0});
  }
  if (!series.x.empty()) chart.series.push_back(std::move(series));
}

/// A number that is known of the scales of an environment, as a line.
struct KnownNumber {
  const char* name;
  double (*of)(const ScaleNumbers& numbers);
};

void add_known_line(Chart& chart, const LawAnswer& answer, const std::string& environment,
                    const KnownNumber& known) {
  Series series;
  series.name = known.name;
  series.reference = true;
  for (const JudgedLine& one : answer.lines) {
    if (one.numbers.environment != environment || !series.x.empty()) continue;
    for (const auto& [scale, numbers] : one.numbers.scales) {
      const double value = known.of(numbers);
      if (!std::isfinite(value)) continue;
      series.x.push_back(scale.front());
      series.y.push_back(exactly(value));
    }
  }
  if (!series.x.empty()) chart.series.push_back(std::move(series));
}

/// A gap that has a place on a logarithmic axis; else NaN.
double shown_gap(double gap) { return gap > 1e-9 ? gap : std::numeric_limits<double>::quiet_NaN(); }

/// What theory predicts, and the gaps of predictors with exact scores that are not 0.
void add_known_lines(Chart& chart, const LawAnswer& answer, const std::string& environment) {
  add_known_line(chart, answer, environment,
                 {"theory", [](const ScaleNumbers& numbers) { return numbers.theory; }});
  add_known_line(chart, answer, environment, {"gap of cue only", [](const ScaleNumbers& numbers) {
                                                return shown_gap(numbers.exact.cue_only);
                                              }});
  add_known_line(chart, answer, environment,
                 {"gap of unlimited rows", [](const ScaleNumbers& numbers) {
                    return shown_gap(numbers.exact.population_erm);
                  }});
}

void add_margin(Chart& chart, double margin) {
  std::set<double> places;
  for (const Series& series : chart.series) places.insert(series.x.begin(), series.x.end());
  if (places.size() < 2) return;
  Series series;
  series.name = "margin";
  series.reference = true;
  series.x = {*places.begin(), *places.rbegin()};
  series.y = {exactly(margin), exactly(margin)};
  chart.series.push_back(std::move(series));
}

/// That laws are cut off at the range of the number.
std::string range_text(const MetricRange& range) {
  const bool bounded = std::isfinite(range.low) || std::isfinite(range.high);
  return bounded ? fmt::format(", cut off at the range {} of the number", range.text())
                 : std::string();
}

/// The points of each line with its law, the margin and theory.
Chart value_chart(const LawAnswer& answer, const std::string& environment) {
  const LawOptions& options = answer.options;
  Chart chart = empty_chart(answer, environment, options.what() == "gap" ? "gap" : "value");
  chart.title = fmt::format("{} against {} in {}", options.what(), options.axis, environment);
  chart.y_label =
      options.what() == "gap" ? fmt::format("gap in {}", answer.score_text) : options.what();
  chart.note = fmt::format(
      "Points: means with {} over seeds. Lines: the law that predicts the held-out scales best, "
      "with its 95 % interval over resamples of the seeds, to ten times the largest scale{}. "
      "Points "
      "that are not above 0 lie on the lower edge. Gaps of cue only and of unlimited rows are "
      "exact.{}",
      kIntervalText, range_text(answer.range), answer.note);
  for (const JudgedLine& one : answer.lines) {
    if (one.numbers.environment != environment) continue;
    Series series;
    series.name = one.numbers.line.name;
    series.look = SeriesLook::points;
    for (const fits::ScaleSummary& scale : one.law().scales) {
      series.x.push_back(scale.scale.front());
      series.y.push_back(scale.gap);
      series.held_out.push_back(scale.held_out);
    }
    chart.series.push_back(std::move(series));
    add_curve(chart, one.numbers.line.name, one.law().curve);
  }
  add_known_lines(chart, answer, environment);
  add_margin(chart, options.margin);
  return chart;
}

/// How far the score in distribution is from its ceiling, with its law.
Chart shortfall_chart(const LawAnswer& answer, const std::string& environment) {
  Chart chart = empty_chart(answer, environment, "id_shortfall");
  chart.title = fmt::format("Score in distribution: distance from its ceiling in {}", environment);
  chart.y_label = fmt::format("ID shortfall in {}", answer.score_text);
  chart.note = fmt::format(
      "Points: means with {} over seeds; lines: the law that predicts the held-out scales best. A "
      "gap that stays open is a finding only where this reaches 0.",
      kIntervalText);
  for (const JudgedLine& one : answer.lines) {
    if (one.numbers.environment != environment || !one.law().id.given) continue;
    Series series;
    series.name = one.numbers.line.name;
    series.look = SeriesLook::points;
    for (const auto& [scale, numbers] : one.numbers.scales) {
      if (numbers.shortfall.empty()) continue;
      series.x.push_back(scale.front());
      series.y.push_back(numbers.shortfall.estimate(
          fmt::format("{} {} {} id", answer.name(), answer.called(one), place_text(scale)),
          one.numbers.shortfall_range()));
    }
    chart.series.push_back(std::move(series));
    add_curve(chart, one.numbers.line.name, one.law().id.curve);
  }
  if (!chart.series.empty()) add_margin(chart, answer.options.id_margin);
  return chart;
}

/// The share of seeds whose gap is closed, where seeds fall into two modes somewhere.
Chart share_chart(const LawAnswer& answer, const std::string& environment) {
  Chart chart = empty_chart(answer, environment, "share_within");
  chart.log_y = false;
  chart.title = fmt::format("Share of seeds below the margin in {}", environment);
  chart.y_label = fmt::format("P({} < {})", answer.options.what(), answer.options.margin);
  chart.note =
      "Seeds fall into two modes at some scale, so a mean of all describes none of them. Band: "
      "95 % interval of the share.";
  for (const JudgedLine& one : answer.lines) {
    const auto& scales = one.law().scales;
    const bool two = std::any_of(scales.begin(), scales.end(),
                                 [](const fits::ScaleSummary& scale) { return scale.two_modes; });
    if (one.numbers.environment != environment || !two) continue;
    Series series;
    series.name = one.numbers.line.name;
    for (const fits::ScaleSummary& scale : scales) {
      series.x.push_back(scale.scale.front());
      series.y.push_back(scale.within_margin);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

/// How much worse the fit becomes when g_inf is held at a value.
Chart profile_chart(const LawAnswer& answer, const JudgedLine& one) {
  const fits::Asymptote& asymptote = one.law().asymptote;
  Chart chart;
  chart.name = fmt::format("{}_profile_{}_{}", answer.name(), one.numbers.environment,
                           one.numbers.line.name);
  chart.title = fmt::format("g_inf of {}", answer.called(one));
  chart.x_label = "g_inf";
  chart.y_label = "excess of the squared deviation";
  chart.note =
      "Values of g_inf whose excess is below the threshold are compatible with the trials.";
  chart.panel = "How well the value at an unlimited scale is known (profile likelihood).";
  Series series;
  series.name = "profile";
  series.look = SeriesLook::curve;
  Series threshold;
  threshold.name = "threshold";
  threshold.reference = true;
  for (std::size_t i = 0; i < asymptote.profile_values.size(); ++i) {
    const double excess = asymptote.profile_excess[i];
    // Far from the threshold nothing is to be read.
    if (!std::isfinite(excess) || excess > 8.0 * asymptote.threshold) continue;
    series.x.push_back(asymptote.profile_values[i]);
    series.y.push_back(exactly(excess));
    threshold.x.push_back(asymptote.profile_values[i]);
    threshold.y.push_back(exactly(asymptote.threshold));
  }
  chart.series = {series, threshold};
  return chart;
}

}  // namespace

std::vector<Chart> charts_of(const LawAnswer& answer) {
  std::vector<Chart> charts;
  const bool one_axis = answer.options.axes().size() == 1;
  const auto add = [&](Chart chart) {
    const bool any = std::any_of(chart.series.begin(), chart.series.end(),
                                 [](const Series& series) { return !series.x.empty(); });
    if (any) charts.push_back(std::move(chart));
  };
  if (one_axis) {
    for (const std::string& environment : environments_of(answer)) {
      add(value_chart(answer, environment));
      add(shortfall_chart(answer, environment));
      add(share_chart(answer, environment));
    }
  } else {
    for (Chart& chart : map_charts(answer)) add(std::move(chart));
  }
  for (Chart& chart : budget_charts(answer)) add(std::move(chart));
  for (const JudgedLine& one : answer.lines) {
    if (one.law().asymptote.profile_values.size() > 2) add(profile_chart(answer, one));
  }
  return charts;
}

}  // namespace spurion::analysis::questions::scaling_law
