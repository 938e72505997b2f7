#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"
#include "analysis/seed_cells.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

/// The interval lies within the margin of 0.
bool closed(const Estimate& gap, double margin) { return gap.low >= -margin && gap.high <= margin; }

/// no gap: closed at every scale, so that there was nothing to close. closes: closed at the
/// largest; overshoots: the interval there lies below, so the method does better out of
/// distribution than in it. Otherwise grows or shrinks when
/// the interval of the paired difference excludes 0 by more than the margin, plateaus when it lies
/// within the margin and the gap is above it, undecided when the data allow more than one.
std::string verdict(const std::vector<Estimate>& gaps, const Estimate& change, double margin) {
  const Estimate& last = gaps.back();
  if (std::all_of(gaps.begin(), gaps.end(),
                  [margin](const Estimate& gap) { return closed(gap, margin); })) {
    return "no gap";
  }
  if (closed(last, margin)) return "closes";
  if (last.high < -margin) return "overshoots";
  if (change.low > margin) return "grows";
  if (change.high < -margin) return last.low > margin ? "shrinks, still open" : "shrinks";
  if (change.low >= -margin && change.high <= margin && last.low > margin) return "plateaus";
  return "undecided";
}

}  // namespace

Answer gap_against_scale(const Study& study, const Question& question) {
  const std::string axis = text_option(question, "axis", "");
  if (axis.find('.') == std::string::npos) {
    throw UsageError("a question of kind 'gap_against_scale' needs axis = \"section.field\"");
  }
  const double margin = number_option(question, "margin", 0.02);
  const ResultsView view(study, question.experiment, {axis});
  Answer answer;
  Chart chart;
  chart.name = fmt::format("gap_{}_{}", question.experiment, axis);
  chart.title = fmt::format("Out-of-distribution gap against {}", axis);
  chart.x_label = axis;
  chart.y_label = fmt::format("gap in {} (ID to OOD)", view.score_text());
  chart.log_x = true;
  chart.note =
      fmt::format("Band: {} over seeds; other axes averaged.{}", kIntervalText, view.note());
  Table table{
      chart.name + "_verdicts",
      fmt::format("Gap at the smallest and largest {}, paired change and verdict (margin {}). "
                  "Mean with {} over seeds. no gap: within the margin "
                  "of 0 at every scale; closes: at the largest; overshoots: below it there; grows, "
                  "shrinks: the "
                  "change excludes "
                  "the margin; "
                  "plateaus: the change lies within it and the gap above it.",
                  axis, margin, kIntervalText),
      {{"method"},
       {"smallest", ColumnKind::number},
       {"gap there", ColumnKind::estimate, "gap_at_smallest"},
       {"largest", ColumnKind::number},
       {"gap there", ColumnKind::estimate, "gap_at_largest"},
       {"change", ColumnKind::estimate},
       {"verdict"}}};
  const Range range = view.score() == "accuracy" ? kDifference : Range{};
  for (const ResultsView::Line& line : view.lines()) {
    std::map<double, SeedCells> scales;
    for (const auto& row : view.rows()) {
      const auto scale = axis_value(row.trial->spec, axis);
      const auto gap = number(*row.trial, "test", "gap");
      if (!line.holds(row) || !scale || !gap) continue;
      scales[scale->number].add(row.setting, row.trial->spec.seed, *gap);
    }
    if (scales.empty()) continue;
    const std::string& method = line.name;
    Series series;
    series.name = method;
    for (const auto& [scale, cells] : scales) {
      series.x.push_back(scale);
      series.y.push_back(cells.estimate(fmt::format("gap {} {} {}", method, axis, scale), range));
    }
    const Estimate change = scales.rbegin()
                                ->second.minus(scales.begin()->second)
                                .estimate(fmt::format("change {} {}", method, axis));
    const std::string decided = scales.size() < 2  ? "one scale only"
                                : change.seeds < 2 ? "one seed only"
                                                   : verdict(series.y, change, margin);
    table.add({method, Number{series.x.front()}, series.y.front(), Number{series.x.back()},
               series.y.back(), change, decided});
    if (answer.sentence.empty()) {
      const bool known = scales.size() > 1 && change.seeds > 1 && decided != "undecided";
      const char* answered = decided == "closes"   ? "Yes"
                             : decided == "no gap" ? "There is no gap to close"
                             : known               ? "No"
                                                   : "Undecided";
      answer.sentence = fmt::format("{}: under {} the gap is {} at {} = {} and {} at {}", answered,
                                    method, show(series.y.front()), axis, series.x.front(),
                                    show(series.y.back()), series.x.back());
      if (decided == "undecided") {
        answer.sentence += ": it may do either";
      } else if (!known) {
        answer.sentence += ": " + decided;
      } else if (decided != "no gap") {
        answer.sentence += ": it " + decided;
      }
      answer.sentence += ".";
    } else {
      answer.sentence +=
          fmt::format(" {}: {} at the largest ({}).", method, show(series.y.back()), decided);
    }
    chart.series.push_back(std::move(series));
  }
  if (answer.sentence.empty()) answer.sentence = "No finished trial varies along this axis.";
  answer.charts.push_back(std::move(chart));
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace spurion::analysis
